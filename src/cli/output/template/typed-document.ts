/**
 * The Go types behind Docker's inspect documents, as far as templates can tell them: which objects are maps, what an
 * absent key of them is, and which null is an empty list (api/types/{container,image,network,volume}). With them
 * `{{index .Config.Labels "x"}}` is empty for an image without labels, where plain JSON has only a null.
 */
import { GoMap, GoStruct, TypedNil } from "./values.ts";

type MapType = readonly [typeName: string, zero: unknown];

const strings: MapType = ["map[string]string", ""];
const portList: MapType = ["nat.PortMap", new TypedNil("list", "[]nat.PortBinding")];

const maps: ReadonlyMap<string, MapType> = new Map([
  ["Annotations", strings],
  ["Data", strings],
  ["DriverOpts", strings],
  ["Labels", strings],
  ["Options", strings],
  ["StorageOpt", strings],
  ["Sysctls", strings],
  ["Tmpfs", strings],
  ["ExposedPorts", ["nat.PortSet", new GoStruct("struct {}", {})]],
  [
    "Networks",
    ["map[string]*network.EndpointSettings", new TypedNil("pointer", "*network.EndpointSettings")],
  ],
  ["PortBindings", portList],
  ["Ports", portList],
  ["Volumes", ["map[string]struct {}", new GoStruct("struct {}", {})]],
]);

const lists: ReadonlySet<string> = new Set([
  ...[
    "Aliases",
    "Args",
    "Binds",
    "CapAdd",
    "CapDrop",
    "Cmd",
    "DNSNames",
    "DeviceCgroupRules",
    "DeviceRequests",
  ],
  ...["Devices", "Dns", "DnsOptions", "DnsSearch", "Entrypoint", "Env", "ExecIDs", "ExtraHosts", "GroupAdd"],
  ...[
    "Layers",
    "Links",
    "Log",
    "Manifests",
    "MaskedPaths",
    "Mounts",
    "OnBuild",
    "ReadonlyPaths",
    "RepoDigests",
  ],
  ...["RepoTags", "SecurityOpt", "Shell", "Test", "Ulimits", "VolumesFrom"],
]);

/** Texts that JSON leaves out when they are empty. */
const texts: ReadonlySet<string> = new Set(["Driver", "Name", "Runtime", "StopSignal"]);

/** Names of Go's fields that differ from JSON's; both are answered. */
const aliases: Readonly<Record<string, string>> = {
  ID: "Id",
  DNS: "Dns",
  DNSOptions: "DnsOptions",
  DNSSearch: "DnsSearch",
  CPUCount: "CpuCount",
  CPUPercent: "CpuPercent",
  CPUPeriod: "CpuPeriod",
  CPUQuota: "CpuQuota",
  CPUShares: "CpuShares",
  NanoCPUs: "NanoCpus",
};

/**
 * An inspected object as the struct that Docker's own `inspect --format` sees first. JSON of it is unchanged: fields
 * that are undefined in the document are left out, but templates find them empty.
 */
export function typedDocument(document: Readonly<Record<string, unknown>>, typeName = "inspect"): GoStruct {
  const entries = Object.entries(document);
  const fields = Object.fromEntries(entries.map(([key, value]) => [key, typed(key, value, typeName)]));
  const omitted = new Set(entries.filter(([, value]) => value === undefined).map(([key]) => key));
  return new GoStruct(typeName, fields, aliases, omitted);
}

function typed(key: string, value: unknown, owner: string): unknown {
  const map = maps.get(key) ?? (key === "Config" && owner === "LogConfig" ? strings : undefined);
  if (value === undefined && texts.has(key)) return "";
  if (value === null || value === undefined) {
    if (map !== undefined) return new GoMap(map[0], null, map[1]);
    return lists.has(key) ? new TypedNil("list", "[]string") : new TypedNil("pointer", `*${key}`);
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown) => (isObject(item) ? typedDocument(item, key) : item));
  }
  if (!isObject(value)) return value;
  if (map === undefined) return typedDocument(value, key);
  const entries = Object.entries(value).map(([name, item]) => [name, typedEntry(item, key)] as const);
  return new GoMap(map[0], Object.fromEntries(entries), map[1]);
}

/** What a map holds: text, lists of bindings, or one network's settings. */
function typedEntry(item: unknown, key: string): unknown {
  if (item === null) return key === "Networks" ? new TypedNil("pointer", key) : new TypedNil("list", key);
  if (Array.isArray(item))
    return item.map((inner: unknown) => (isObject(inner) ? typedDocument(inner, key) : inner));
  return isObject(item) ? typedDocument(item, key) : item;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
