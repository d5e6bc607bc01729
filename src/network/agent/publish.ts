import { systemErrorCode } from "../../base/errors.ts";
import type { PortMapping, PublishedPort } from "../../oci/ports.ts";
import { portError } from "../port-error.ts";
import { type Dial, forwardTcp } from "./tcp-forwarder.ts";
import { forwardUdp, type UdpDial } from "./udp-forwarder.ts";

/** The ways to a container's port from inside its network namespace. */
export interface Inside {
  tcp(port: number): Dial;
  udp(port: number): UdpDial;
}

interface Listener {
  readonly port: number;
  close(): void;
}

/** How often a free port is looked for that is free for IPv4 and IPv6. */
const attempts = 16;

/**
 * Opens ports on the host. All of them, or none and an error that says why; the ports of the host are the kernel's to
 * give, so two containers never get the same one.
 */
export async function publish(
  mappings: readonly PortMapping[],
  inside: Inside,
): Promise<readonly PublishedPort[]> {
  const published: PublishedPort[] = [];
  const ipv6 = hasIPv6();
  // The UDP ones first: from the first TCP listener on, nothing may wait until we are inside.
  for (const mapping of mappings.toSorted((a, b) =>
    a.protocol === b.protocol ? 0 : a.protocol === "udp" ? -1 : 1,
  ))
    published.push(...(await publishOne(mapping, inside, ipv6)));
  return published;
}

async function publishOne(mapping: PortMapping, inside: Inside, ipv6: boolean): Promise<PublishedPort[]> {
  const { address, hostPorts, containerPort, protocol } = mapping;
  const addresses = address !== "" ? [address] : ipv6 ? ["0.0.0.0", "::"] : ["0.0.0.0"];
  const wanted =
    hostPorts === undefined
      ? Array.from({ length: attempts }, () => 0)
      : Array.from({ length: hostPorts.last - hostPorts.first + 1 }, (_, index) => hostPorts.first + index);
  let failure: unknown;
  for (const port of wanted) {
    const listeners: Listener[] = [];
    try {
      if (protocol === "udp") {
        // One socket for both families: the runtime has no IPV6_V6ONLY for datagrams.
        const listening = addresses.length === 2 ? "::" : addresses[0]!;
        listeners.push(await forwardUdp(listening, port, inside.udp(containerPort)));
      } else {
        for (const own of addresses)
          listeners.push(forwardTcpOn(own, listeners[0]?.port ?? port, inside.tcp(containerPort)));
      }
      const hostPort = listeners[0]!.port;
      return addresses.map((own) => ({ protocol, address: own, hostPort, containerPort }));
    } catch (error) {
      for (const listener of listeners) listener.close();
      failure = portError(error, mapping, port);
      if (systemErrorCode(error) !== "EADDRINUSE") break;
    }
  }
  throw failure;
}

function forwardTcpOn(address: string, port: number, dial: Dial): Listener {
  const listener = forwardTcp(address, port, dial);
  return { port: listener.port, close: () => listener.stop(true) };
}

/** Whether this machine can listen on IPv6; it may be switched off. */
function hasIPv6(): boolean {
  try {
    Bun.listen({ hostname: "::1", port: 0, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
