import { readTextIfThere } from "../sys/files.ts";
import type { NameOptions } from "./run-options.ts";

/** What a container's /etc/hosts, /etc/resolv.conf and /etc/hostname say; they are files of its own directory. */
export type NetworkFiles = Readonly<Record<"hosts" | "resolv.conf" | "hostname", string>>;

/** What the names in a container depend on. */
export interface NameFacts {
  readonly hostname: string;
  readonly domainname?: string;
  /** The host's own files are right for it: it is in the host's network, or in none. */
  readonly like: "host" | "none" | "private";
  /** The container's own addresses. */
  readonly addresses: readonly string[];
  /** The resolver of its network, which asks the host's; the host's own are out of reach when they are on loopback. */
  readonly nameserver?: string;
  /** It answers for names of its own, and is asked before any other. */
  readonly answersNames?: boolean;
  /** An address that leads to the host: what `host-gateway` stands for. */
  readonly hostGateway?: string;
  /** The host's loopback is at that address, and has names. */
  readonly hostLoopback?: boolean;
  readonly options?: NameOptions;
}

const localNames = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::\tip6-localnet",
  "ff00::\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

/** What a host calls itself inside its containers, in Docker and in Podman. */
const hostNames = "host.docker.internal host.containers.internal";

export function networkFiles(facts: NameFacts): NetworkFiles {
  return {
    hosts: hosts(facts, facts.like === "host" ? read("/etc/hosts") : ""),
    "resolv.conf": resolvConf(facts, hostResolvConf()),
    hostname: `${facts.hostname}\n`,
  };
}

export function hosts(facts: NameFacts, host: string): string {
  const extra = (facts.options?.hosts ?? []).map((entry) => {
    const colon = entry.indexOf(":");
    const address = entry.slice(colon + 1);
    return `${address === "host-gateway" ? (facts.hostGateway ?? "") : address}\t${entry.slice(0, colon)}`;
  });
  const lines = [
    ...(facts.like === "host" ? [host.trimEnd()] : localNames),
    ...extra,
    ...(facts.hostLoopback ? [`${facts.hostGateway}\t${hostNames}`] : []),
    ...facts.addresses.map((address) => ownLine(address, facts)),
  ];
  return `${lines.filter(Boolean).join("\n")}\n`;
}

/** The line of /etc/hosts for one of a container's own addresses: its full name, then its short one. */
export function ownLine(
  address: string,
  { hostname, domainname }: Pick<NameFacts, "hostname" | "domainname">,
) {
  const full = domainname ? `${hostname}.${domainname}` : hostname;
  return `${address}\t${[...new Set([full, hostname, hostname.split(".")[0]!])].join(" ")}`;
}

/**
 * resolv.conf(5): the resolver of the container's network first, then the host's that can be reached; search domains and
 * options of the host, unless others were asked for.
 */
export function resolvConf(facts: NameFacts, host: string): string {
  const { servers = [], search = [], options = [] } = facts.options ?? {};
  if (facts.like !== "private" && servers.length + search.length + options.length === 0) return host;
  const lines = host.split("\n");
  const kept = (pattern: RegExp) => lines.filter((line) => pattern.test(line));
  const nameservers = facts.answersNames ? [facts.nameserver!] : reachableServers(facts, host);
  const searched = search.length === 0 ? kept(/^\s*(search|domain)\s/) : searchLine(search);
  const chosen = options.length === 0 ? kept(/^\s*options\s/) : [`options ${options.join(" ")}`];
  // A name without a dot is a neighbour's, and is tried first, as Docker has it.
  const dots =
    facts.answersNames && !chosen.some((line) => line.includes("ndots:")) ? ["options ndots:0"] : [];
  return `${[...searched, ...chosen, ...dots, ...nameservers.map((server) => `nameserver ${server}`)].join("\n")}\n`;
}

/** The resolvers that a container can ask for names of the outside; resolv.conf(5) knows three at most. */
export function reachableServers(facts: NameFacts, host = hostResolvConf()): readonly string[] {
  const asked = facts.options?.servers ?? [];
  if (asked.length > 0) return asked;
  const ofHost = [...host.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1]!);
  if (facts.like !== "private") return ofHost;
  const own = facts.answersNames || facts.nameserver === undefined ? [] : [facts.nameserver];
  return [...own, ...ofHost.filter((server) => !isLoopback(server))].slice(0, 3);
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

/** `--dns-search .` means none. */
function searchLine(domains: readonly string[]): readonly string[] {
  return domains.length === 1 && domains[0] === "." ? [] : [`search ${domains.join(" ")}`];
}

export const hostResolvConf = () => read("/etc/resolv.conf");

function read(path: string): string {
  try {
    return readTextIfThere(path) ?? "";
  } catch {
    return "";
  }
}
