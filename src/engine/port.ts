import { BerthError } from "../base/errors.ts";
import { hostAndPort, parseContainerPorts, portKey } from "../oci/ports.ts";
import type { EngineContext } from "./context.ts";
import { publishedPorts } from "./network/container-ports.ts";
import { requireContainer } from "./start-container.ts";

/**
 * Where the ports of a running container are open on the host: `80/tcp -> 0.0.0.0:8080`, or for one of them
 * (`80`, `53/udp`) only the addresses. Throws `not-found` when that one is not open.
 */
export async function containerPorts(
  context: EngineContext,
  idOrName: string,
  only?: string,
): Promise<readonly string[]> {
  const wanted = only === undefined ? undefined : portKey(parseContainerPorts(only)[0]!);
  const published = publishedPorts(await requireContainer(context, idOrName));
  const lines = published
    .toSorted(
      (a, b) =>
        a.containerPort - b.containerPort || a.protocol.localeCompare(b.protocol) || a.hostPort - b.hostPort,
    )
    .map(({ containerPort, protocol, address, hostPort }) => ({
      port: portKey({ port: containerPort, protocol }),
      place: hostAndPort(address, hostPort),
    }));
  if (wanted === undefined) return lines.map(({ port, place }) => `${port} -> ${place}`);
  const places = lines.filter(({ port }) => port === wanted).map(({ place }) => place);
  if (places.length === 0)
    throw new BerthError("not-found", `no public port '${only}' published for ${idOrName}`);
  return places;
}
