import { readFileSync } from "node:fs";

/** What a container's /etc/hosts, /etc/resolv.conf and /etc/hostname say; they are files of its own directory. */
export type NetworkFiles = Readonly<Record<"hosts" | "resolv.conf" | "hostname", string>>;

export type NameService =
  | { readonly kind: "host" }
  | { readonly kind: "none" }
  | {
      readonly kind: "private" /** The container's own address. */;
      readonly address: string;
      readonly nameserver: string;
    };

const localNames = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::\tip6-localnet",
  "ff00::\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

export function networkFiles(service: NameService, hostname: string): NetworkFiles {
  const own = service.kind === "private" ? [`${service.address}\t${hostname}`] : [];
  return {
    hosts: service.kind === "host" ? read("/etc/hosts") : `${[...localNames, ...own].join("\n")}\n`,
    "resolv.conf": resolvConf(service, read("/etc/resolv.conf")),
    hostname: `${hostname}\n`,
  };
}

/**
 * The host's resolv.conf(5). With a network of its own, a container cannot reach the host's resolvers on loopback:
 * the network's own address takes their place, and it asks the host's.
 */
export function resolvConf(service: NameService, host: string): string {
  if (service.kind !== "private") return host;
  const kept = host.split("\n").filter((line) => /^\s*(search|domain|options)\s/.test(line));
  return `${[...kept, `nameserver ${service.nameserver}`].join("\n")}\n`;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
