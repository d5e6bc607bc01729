/**
 * The Container Device Interface: devices by name, described in files of the machine (CDI specification, SPEC.md). What a
 * file of the administrator asks for is done or refused; nothing of it comes from an image.
 */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import type { ContainerMount, HostDevice } from "../container/spec.ts";
import type { DeviceRequest } from "./isolation-options.ts";

/** What devices change in a container. */
export interface DeviceEdits {
  readonly env: readonly string[];
  readonly devices: readonly HostDevice[];
  readonly mounts: readonly ContainerMount[];
  readonly groups: readonly string[];
  /** Hooks that were left out, as `name of device`. */
  readonly skippedHooks: readonly string[];
}

/** Later directories win over earlier ones. */
const usualDirectories = ["/etc/cdi", "/var/run/cdi"];

export function resolveDeviceRequests(
  requests: readonly DeviceRequest[],
  directories: readonly string[] = [],
): DeviceEdits {
  const specs = [...usualDirectories, ...directories].flatMap(readSpecs);
  const names = requests.flatMap((request) => namesOf(request, specs));
  const unresolved = names.filter((name) => find(specs, name) === undefined);
  if (unresolved.length > 0)
    throw new BerthError(
      "not-found",
      `CDI device injection failed: unresolvable CDI devices ${unresolved.join(", ")}`,
      { hint: `devices are described in ${[...usualDirectories, ...directories].join(", ")}` },
    );
  const found = [...new Set(names)].map((name) => ({ name, ...find(specs, name)! }));
  const edits = [
    ...[...new Set(found.map(({ spec }) => spec))].map((spec) => [spec.containerEdits, spec.kind] as const),
    ...found.map(({ device, name }) => [device.containerEdits, name] as const),
  ];
  const all = edits.map(([edit, owner]) => editsOf(edit ?? {}, owner));
  return {
    env: all.flatMap(({ env }) => env),
    devices: all.flatMap(({ devices }) => devices),
    mounts: all.flatMap(({ mounts }) => mounts),
    groups: all.flatMap(({ groups }) => groups),
    skippedHooks: all.flatMap(({ skippedHooks }) => skippedHooks),
  };
}

interface Edits {
  readonly env?: readonly string[];
  readonly deviceNodes?: readonly { readonly path: string; readonly hostPath?: string }[];
  readonly mounts?: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly type?: string;
    readonly options?: readonly string[];
  }[];
  readonly hooks?: readonly { readonly path: string; readonly args?: readonly string[] }[];
  readonly additionalGids?: readonly number[];
  readonly intelRdt?: unknown;
  readonly netDevices?: readonly unknown[];
}

interface Device {
  readonly name: string;
  readonly containerEdits?: Edits;
}

interface Spec {
  readonly kind: string;
  readonly devices: readonly Device[];
  readonly containerEdits?: Edits;
}

/** A file that cannot be read or is no specification is passed over, as the CDI library does; it may be another's. */
function readSpecs(directory: string): Spec[] {
  let names: string[];
  try {
    names = readdirSync(directory).toSorted();
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(systemErrorCode(error) ?? "")) return [];
    throw error;
  }
  return names.flatMap((name) => {
    const path = join(directory, name);
    const type = extname(name);
    if (![".json", ".yaml", ".yml"].includes(type)) return [];
    try {
      const text = readFileSync(path, "utf8");
      const spec = (type === ".json" ? JSON.parse(text) : Bun.YAML.parse(text)) as Partial<Spec> | null;
      return typeof spec?.kind === "string" && Array.isArray(spec.devices) ? [spec as Spec] : [];
    } catch {
      return [];
    }
  });
}

function find(
  specs: readonly Spec[],
  qualified: string,
): { readonly spec: Spec; readonly device: Device } | undefined {
  const equals = qualified.indexOf("=");
  const [kind, name] = [qualified.slice(0, equals), qualified.slice(equals + 1)];
  for (const spec of specs.toReversed()) {
    const device = spec.kind === kind ? spec.devices.find((each) => each.name === name) : undefined;
    if (device !== undefined) return { spec, device };
  }
  return undefined;
}

const gpuKind = "nvidia.com/gpu";

function namesOf(request: DeviceRequest, specs: readonly Spec[]): readonly string[] {
  if (request.driver === "cdi") return request.ids;
  const known = specs.filter(({ kind }) => kind === gpuKind).flatMap(({ devices }) => devices);
  if (known.length === 0)
    throw new BerthError("not-found", 'could not select device driver "" with capabilities: [[gpu]]', {
      hint: `no CDI specification describes ${gpuKind}; \`nvidia-ctk cdi generate\` writes one for /etc/cdi`,
    });
  if (request.ids.length > 0) return request.ids.map((id) => `${gpuKind}=${id}`);
  if (request.count === -1) return [`${gpuKind}=all`];
  const numbered = known
    .filter(({ name }) => /^\d+$/.test(name))
    .toSorted((a, b) => Number(a.name) - Number(b.name));
  if (numbered.length < request.count)
    throw new BerthError(
      "not-found",
      `${request.count} GPUs were asked for, and there are ${numbered.length}`,
    );
  return numbered.slice(0, request.count).map(({ name }) => `${gpuKind}=${name}`);
}

/** What only makes a container more comfortable, and nothing less than it was described to be. */
const comfort = new Set(["update-ldcache", "create-symlinks", "enable-cuda-compat", "chmod"]);

function editsOf(edits: Edits, owner: string): DeviceEdits {
  const refuse = (what: string) =>
    new BerthError("unsupported", `the CDI device ${owner} asks for ${what}, which berth does not do`);
  if (edits.intelRdt) throw refuse("an Intel RDT class");
  if (edits.netDevices?.length) throw refuse("network devices");
  const skippedHooks = (edits.hooks ?? []).map((hook) => {
    const name = (hook.args ?? []).find((word) => comfort.has(word));
    if (name === undefined) throw refuse(`the hook ${[hook.path, ...(hook.args ?? []).slice(1)].join(" ")}`);
    return `${name} of ${owner}`;
  });
  return {
    env: edits.env ?? [],
    devices: (edits.deviceNodes ?? []).map(({ path, hostPath }) => ({
      source: hostPath ?? path,
      target: path,
    })),
    mounts: (edits.mounts ?? []).map(({ hostPath, containerPath, type, options = [] }) => {
      if (type !== undefined && !["", "bind", "rbind"].includes(type))
        throw refuse(`a mount of type ${type}`);
      return {
        kind: "bind",
        source: hostPath,
        target: containerPath,
        readOnly: options.includes("ro"),
        propagation: "private",
        populate: false,
      };
    }),
    groups: (edits.additionalGids ?? []).map(String),
    skippedHooks,
  };
}
