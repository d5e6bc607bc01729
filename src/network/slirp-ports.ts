/** Ports that slirp4netns itself opens, by orders on its API socket (slirp4netns(1)). */
import { O } from "../sys/kernel-numbers.ts";
import { join } from "node:path";
import { closeSync, openSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import { hostAndPort, type PortMapping, type PublishedPort } from "../oci/ports.ts";
import { portError } from "./port-error.ts";
import { type SlirpOptions, slirpAddresses } from "./slirp4netns.ts";

/** How often a free port is looked for. */
const attempts = 16;
const ownHandlerHint = "leave out port_handler=slirp4netns, and berth opens the port itself";

export interface SlirpApi {
  readonly directory: string;
  readonly name: string;
}

/** Opens ports, or throws why one cannot be. They are closed when slirp4netns ends. */
export async function publishBySlirp(
  api: SlirpApi,
  options: SlirpOptions,
  mappings: readonly PortMapping[],
): Promise<readonly PublishedPort[]> {
  // Datagrams from the host's loopback arrive with the gateway's address, and --disable-host-loopback drops the answers.
  if (!options.allowHostLoopback && mappings.some(({ protocol }) => protocol === "udp"))
    throw new BerthError(
      "unsupported",
      "slirp4netns cannot publish UDP ports while the host's loopback is closed to the container: it drops the answers",
      { hint: `${ownHandlerHint}; or open the loopback with allow_host_loopback=true` },
    );
  const { container } = slirpAddresses(options);
  const published: PublishedPort[] = [];
  for (const mapping of mappings) published.push(await publishOne(api, container, mapping));
  return published;
}

async function publishOne(api: SlirpApi, container: string, mapping: PortMapping): Promise<PublishedPort> {
  const { containerPort, protocol, hostPorts } = mapping;
  const address = mapping.address || "0.0.0.0";
  if (address.includes(":"))
    throw new BerthError(
      "unsupported",
      `slirp4netns cannot publish ${hostAndPort(address, containerPort)}: it opens IPv4 ports only`,
      { hint: ownHandlerHint },
    );
  const wanted =
    hostPorts === undefined
      ? Array.from({ length: attempts }, () => undefined)
      : Array.from({ length: hostPorts.last - hostPorts.first + 1 }, (_, index) => hostPorts.first + index);
  let failure: unknown;
  for (const port of wanted) {
    try {
      // slirp4netns does not say why it cannot open a port, or which one is free: the kernel does.
      const hostPort = await probe(protocol, address, port ?? 0);
      const order = { proto: protocol, host_addr: address, host_port: hostPort };
      const answer = await callApi(api, {
        execute: "add_hostfwd",
        arguments: { ...order, guest_addr: container, guest_port: containerPort },
      });
      if (answer.error === undefined) return { protocol, address, hostPort, containerPort };
      failure = new BerthError(
        "conflict",
        `Bind for ${hostAndPort(address, hostPort)} failed: ${answer.error.desc}`,
      );
    } catch (error) {
      failure = portError(error, mapping, port ?? 0);
    }
  }
  throw failure;
}

/** A port that was free a moment ago. Whether it still is, is for slirp4netns to find out. */
async function probe(protocol: PortMapping["protocol"], hostname: string, port: number): Promise<number> {
  if (protocol === "udp") {
    const socket = await Bun.udpSocket({ hostname, port });
    const { port: found } = socket;
    socket.close();
    return found;
  }
  const listener = Bun.listen({ hostname, port, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}

interface ApiAnswer {
  readonly error?: { readonly desc: string };
}

/** One order, one answer, one connection; the order ends where we stop sending. */
async function callApi({ directory, name }: SlirpApi, order: unknown): Promise<ApiAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // Through a descriptor, because the name of a socket has at most 107 bytes (unix(7)).
  const at = openSync(directory, O.PATH | O.DIRECTORY | O.CLOEXEC);
  try {
    let text = "";
    const socket = await Bun.connect({
      unix: join(`/proc/self/fd/${at}`, name),
      allowHalfOpen: true,
      socket: {
        data(_, bytes) {
          text += bytes.toString();
        },
        end: (connection) => void connection.end(),
        close: () => resolve(text),
        error: (_, error) => reject(error),
      },
    });
    socket.write(JSON.stringify(order));
    socket.shutdown();
    return JSON.parse(await promise) as ApiAnswer;
  } finally {
    closeSync(at);
  }
}
