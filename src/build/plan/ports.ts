import { DockerfileError } from "../dockerfile-error.ts";

/** What EXPOSE means by `[ip:][public:]private[/proto]`, ranges unfolded: `80/tcp`. Throws DockerfileError. */
export function exposedPorts(text: string): string[] {
  const container = text.split(":").at(-1)!;
  const [range = "", protocol = ""] = container.split("/", 2);
  if (range === "") throw new DockerfileError(`invalid port: ${JSON.stringify(text)}: no port specified`);
  const lower = protocol === "" ? "tcp" : protocol.toLowerCase();
  if (!["tcp", "udp", "sctp"].includes(lower))
    throw new DockerfileError(`invalid port: ${JSON.stringify(text)}: invalid proto: ${protocol}`);
  const [start, end = start] = range.split("-", 2).map(portNumber);
  if (start === undefined || end === undefined || end < start)
    throw new DockerfileError(`invalid containerPort: ${range}`);
  return Array.from({ length: end - start + 1 }, (_, index) => `${start + index}/${lower}`);
}

function portNumber(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}
