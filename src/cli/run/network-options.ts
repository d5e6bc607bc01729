import { BerthError } from "../../base/errors.ts";
import type { NameOptions, NetworkOption, PortOptions, RunOptions } from "../../engine/run-options.ts";
import { isAddress, isIPv4, isIPv6, parseContainerPorts, parsePublish } from "../../oci/ports.ts";
import { type FlagValues, flag } from "../flags/spec.ts";
import { splitCommaFields } from "../../base/comma-fields.ts";
import { parsePastaOptions, parseSlirpOptions } from "./outside-options.ts";

export const networkFlags = {
  "add-host": flag.list("Add a custom host-to-IP mapping (host:ip)", {
    check: (value) => void parseHost(value),
  }),
  dns: flag.list("Set custom DNS servers", { check: (value) => void checkServer(value) }),
  "dns-option": flag.list("Set DNS options", { hiddenNames: ["dns-opt"] }),
  "dns-search": flag.list("Set custom DNS search domains"),
  expose: flag.list("Expose a port or a range of ports", {
    check: (value) => void parseContainerPorts(value),
  }),
  ip: flag.text("IPv4 address (e.g., 172.30.100.104)", { check: checkIPv4 }),
  ip6: flag.text("IPv6 address (e.g., 2001:db8::33)", { check: checkIPv6 }),
  network: flag.list("Connect a container to a network", {
    type: "network",
    hiddenNames: ["net"],
    completes: "network mode",
  }),
  "network-alias": flag.list("Add network-scoped alias for the container", { hiddenNames: ["net-alias"] }),
  publish: flag.list("Publish a container's port(s) to the host", {
    short: "p",
    check: (value) => void parsePublish(value),
  }),
  "publish-all": flag.boolean("Publish all exposed ports to random ports", { short: "P" }),
} as const;

type NetworkFlagValues = FlagValues<typeof networkFlags>;

/** How a container is connected, and under which names it finds others. */
export function networkOptions(flags: NetworkFlagValues): Pick<RunOptions, "network" | "ports" | "names"> {
  const network = chooseNetwork(flags);
  const ports = portOptions(flags);
  const names = nameOptions(flags);
  if (network.kind === "container") refuseWithJoinedNetwork(flags);
  return {
    network,
    ...(ports ? { ports } : {}),
    ...(names ? { names } : {}),
  };
}

function portOptions(flags: NetworkFlagValues): PortOptions | undefined {
  if (flags.publish.length + flags.expose.length === 0 && !flags["publish-all"]) return undefined;
  return {
    mappings: flags.publish.flatMap(parsePublish),
    publishAll: flags["publish-all"],
    exposed: flags.expose.flatMap(parseContainerPorts),
  };
}

function nameOptions(flags: NetworkFlagValues): NameOptions | undefined {
  const names = {
    servers: flags.dns,
    search: flags["dns-search"],
    options: flags["dns-option"],
    hosts: flags["add-host"].map(parseHost),
  };
  return Object.values(names).some((list) => list.length > 0) ? names : undefined;
}

/** `--network`, given several times for several networks. */
function chooseNetwork(flags: NetworkFlagValues): NetworkOption {
  const asked = flags.network.map(parseNetworkOption);
  const [first = { kind: "slirp4netns" }, ...others] = asked;
  const hasAddress = Boolean(flags.ip || flags.ip6);
  const own = flags["network-alias"].length > 0 || hasAddress;
  if (first.kind !== "networks") {
    if (others.length > 0)
      throw new BerthError(
        "usage",
        "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
      );
    if (own)
      throw new BerthError(
        "usage",
        hasAddress
          ? "invalid config for network: user specified IP address is supported on user defined networks only"
          : "invalid config for network: network-scoped aliases are only supported for user-defined networks",
        { hint: "`berth network create NAME` makes one" },
      );
    return first;
  }
  const networks = asked.flatMap((option) => {
    if (option.kind === "networks") return option.networks;
    throw new BerthError(
      "usage",
      "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
    );
  });
  if (own && networks.length > 1)
    throw new BerthError(
      "usage",
      "conflicting options: --network-alias, --ip and --ip6 belong to one network",
      {
        hint: "--network name=NETWORK,alias=NAME,ip=ADDRESS,ip6=ADDRESS says which",
      },
    );
  if (!own) return { kind: "networks", networks };
  const [network] = networks;
  return {
    kind: "networks",
    networks: [
      {
        ...network!,
        aliases: [...network!.aliases, ...flags["network-alias"]],
        ...requestedAddresses(flags),
      },
    ],
  };
}

/** One `--network`; `bridge` and `default` are other names of slirp4netns, so that scripts written for Docker work. */
export function parseNetworkOption(text: string): NetworkOption {
  if (text.startsWith("container:")) {
    const container = text.slice("container:".length);
    if (container === "") throw new BerthError("usage", "invalid container format container:<name|id>");
    return { kind: "container", container };
  }
  if (text.startsWith("slirp4netns:"))
    return { kind: "slirp4netns", options: parseSlirpOptions(text.slice("slirp4netns:".length)) };
  if (text.startsWith("pasta:"))
    return { kind: "pasta", options: parsePastaOptions(text.slice("pasta:".length)) };
  switch (text) {
    case "none":
    case "host":
    case "pasta":
      return { kind: text };
    case "":
    case "default":
    case "bridge":
    case "slirp4netns":
      return { kind: "slirp4netns" };
  }
  return {
    kind: "networks",
    networks: [text.includes("=") ? requestFromFields(text) : { network: text, aliases: [] }],
  };
}

/** `name=NETWORK,alias=NAME,ip=ADDRESS,ip6=ADDRESS` (docker/cli opts/network.go). */
function requestFromFields(text: string) {
  let network = "";
  const addresses = { ip: "", ip6: "" };
  const aliases: string[] = [];
  for (const field of splitCommaFields(text)) {
    const equals = field.indexOf("=");
    const value = field.slice(equals + 1);
    switch (field.slice(0, Math.max(0, equals)).toLowerCase()) {
      case "name":
        network = value;
        break;
      case "alias":
        aliases.push(value);
        break;
      case "ip":
        checkIPv4(value);
        addresses.ip = value;
        break;
      case "ip6":
        checkIPv6(value);
        addresses.ip6 = value;
        break;
      default:
        throw new BerthError("usage", `invalid field ${field}`, {
          hint: "--network takes name, alias, ip and ip6",
        });
    }
  }
  if (network === "") throw new BerthError("usage", "network name or ID cannot be empty");
  return { network, aliases, ...requestedAddresses(addresses) };
}

function checkServer(value: string): void {
  if (!isAddress(value))
    throw new BerthError("invalid-argument", `IP address is not correctly formatted: ${value}`);
}

export function checkIPv4(value: string): void {
  if (!isIPv4(value)) throw new BerthError("invalid-argument", `invalid IPv4 address: ${value}`);
}

export function checkIPv6(value: string): void {
  if (!isIPv6(value)) throw new BerthError("invalid-argument", `invalid IPv6 address: ${value}`);
}

/** What `--ip` and `--ip6` ask for. */
export function requestedAddresses({
  ip,
  ip6,
}: {
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
}) {
  return { ...(ip ? { address: ip } : {}), ...(ip6 ? { address6: ip6 } : {}) };
}

/** `--add-host name:address` or `name=address`, the address also in brackets; as `name:address`. */
export function parseHost(value: string): string {
  const match = /^([^:=\s]+)[:=](.+)$/.exec(value);
  const [, name = "", rest = ""] = match ?? [];
  const address = rest.replace(/^\[(.*)\]$/, "$1");
  if (match === null)
    throw new BerthError("invalid-argument", `bad format for add-host: ${JSON.stringify(value)}`);
  if (address !== "host-gateway" && !isAddress(address))
    throw new BerthError("invalid-argument", `invalid IP address in add-host: ${JSON.stringify(address)}`);
  return `${name}:${address}`;
}

/** What belongs to the container whose network it is (moby runconfig/hostconfig_unix.go). */
function refuseWithJoinedNetwork(flags: NetworkFlagValues): void {
  const conflicts: readonly (readonly [asked: boolean, what: string])[] = [
    [flags["add-host"].length > 0, "custom host-to-IP mapping and the network mode"],
    [flags.dns.length > 0, "dns and the network mode"],
    [flags.publish.length > 0 || flags["publish-all"], "port publishing and the container type network mode"],
    [flags.expose.length > 0, "port exposing and the container type network mode"],
  ];
  const found = conflicts.find(([asked]) => asked);
  if (found) throw new BerthError("usage", `conflicting options: ${found[1]}`);
}
