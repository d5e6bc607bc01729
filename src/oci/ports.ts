import { BerthError } from "../base/errors.ts";

export type Protocol = "tcp" | "udp";

/** A port of a container, as EXPOSE and `--expose` name it. */
export interface ContainerPort {
  readonly port: number;
  readonly protocol: Protocol;
}

/** Both ends belong to it. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** One port of a container that is to be reached from outside. */
export interface PortMapping {
  /** An IP address of the host; empty is every address, IPv4 and IPv6. */
  readonly address: string;
  /** The port of the host, or one out of a range; undefined is any free one. */
  readonly hostPorts?: PortRange;
  readonly containerPort: number;
  readonly protocol: Protocol;
}

/** A port that is open on the host. */
export interface PublishedPort {
  readonly protocol: Protocol;
  /** `0.0.0.0`, `::`, `127.0.0.1` … */
  readonly address: string;
  readonly hostPort: number;
  readonly containerPort: number;
}

const invalid = (message: string) => new BerthError("invalid-argument", message);

/** `80` or `8000-8010`; undefined when it is neither. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return last <= 65535 && first <= last ? { first, last } : undefined;
}

export function isPortRange({ first, last }: PortRange): boolean {
  return first !== last;
}

/** `80`, `80/tcp`, `53/udp`, `8000-8010/tcp`: what EXPOSE and `--expose` say. Throws `invalid-argument`. */
export function parseContainerPorts(text: string): readonly ContainerPort[] {
  const { ports, protocol } = splitProtocol(text);
  const range = parsePortRange(ports);
  if (range === undefined || range.first === 0) throw invalid(`invalid containerPort: ${ports}`);
  return portsOf(range).map((port) => ({ port, protocol }));
}

/**
 * `-p`: `[ip:][hostPort]:containerPort[/tcp|udp]`, `containerPort`, ranges on both sides, IPv6 addresses in brackets,
 * and `published=8080,target=80,protocol=tcp`. Docker's words (docker/go-connections nat).
 */
export function parsePublish(text: string): readonly PortMapping[] {
  const spec = text.includes("=") ? fromFields(text) : text;
  const { ports, protocol } = splitProtocol(spec);
  const colon = ports.lastIndexOf(":");
  const inside = ports.slice(colon + 1);
  const { address, hostPort } = splitHost(colon === -1 ? "" : ports.slice(0, colon), colon !== -1);
  if (address !== "" && !isAddress(address)) throw invalid(`invalid IP address: ${address}`);
  if (inside === "") throw invalid(`no port specified: ${text}<empty>`);
  const container = parsePortRange(inside);
  if (container === undefined || container.first === 0) throw invalid(`invalid containerPort: ${inside}`);
  const host = hostPort === "" || hostPort === "0" ? undefined : parsePortRange(hostPort);
  if (hostPort !== "" && hostPort !== "0" && (host === undefined || host.first === 0))
    throw invalid(`invalid hostPort: ${hostPort}`);
  if (!isPortRange(container))
    return [{ address, ...(host ? { hostPorts: host } : {}), containerPort: container.first, protocol }];
  if (host && host.last - host.first !== container.last - container.first)
    throw invalid(`invalid ranges specified for container and host Ports: ${inside} and ${hostPort}`);
  return portsOf(container).map((containerPort, index) => {
    const port = host && host.first + index;
    return {
      address,
      ...(port === undefined ? {} : { hostPorts: { first: port, last: port } }),
      containerPort,
      protocol,
    };
  });
}

export function portKey({ port, protocol }: ContainerPort): string {
  return `${port}/${protocol}`;
}

/** `0.0.0.0:80`, `[::]:80` */
export function hostAndPort(address: string, port: number | string): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

export function isIPv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

export function isIPv6(text: string): boolean {
  // The URL parser knows the grammar (RFC 4291); zones are not addresses.
  return /^[0-9a-fA-F:.]+$/.test(text) && text.includes(":") && URL.canParse(`http://[${text}]/`);
}

export function isAddress(text: string): boolean {
  return isIPv4(text) || isIPv6(text);
}

function portsOf({ first, last }: PortRange): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function splitProtocol(text: string): { ports: string; protocol: Protocol } {
  const slash = text.lastIndexOf("/");
  if (slash === -1) return { ports: text, protocol: "tcp" };
  const protocol = text.slice(slash + 1).toLowerCase();
  if (protocol === "tcp" || protocol === "udp") return { ports: text.slice(0, slash), protocol };
  if (protocol === "sctp")
    throw new BerthError("unsupported", `cannot publish ${text}: only tcp and udp can be`);
  throw invalid(`invalid proto: ${protocol}`);
}

/** The part before the container's port: `ip:port`, `ip:`, `port`, or nothing. */
function splitHost(text: string, hasColon: boolean): { address: string; hostPort: string } {
  if (!hasColon || text === "") return { address: "", hostPort: "" };
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    const rest = text.slice(end + 1);
    if (end === -1 || (rest !== "" && !rest.startsWith(":"))) throw invalid(`invalid IP address: ${text}`);
    return { address: text.slice(1, end), hostPort: rest.slice(1) };
  }
  const colon = text.lastIndexOf(":");
  if (colon !== -1) return { address: text.slice(0, colon), hostPort: text.slice(colon + 1) };
  return isAddress(text) ? { address: text, hostPort: "" } : { address: "", hostPort: text };
}

/** The long form of `--publish`, as the short one. */
function fromFields(text: string): string {
  let [published, target, protocol] = ["", "", "tcp"];
  for (const field of text.split(",")) {
    const equals = field.indexOf("=");
    const value = field.slice(equals + 1);
    switch (equals === -1 ? "" : field.slice(0, equals).toLowerCase()) {
      case "published":
        published = value;
        break;
      case "target":
        target = value;
        break;
      case "protocol":
        protocol = value;
        break;
      case "mode":
        break;
      default:
        throw invalid(`invalid publish opts format (should be name=value but got '${field}')`);
    }
  }
  return `${published}:${target}/${protocol}`;
}
