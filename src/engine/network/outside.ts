import { keepRunning, type Running } from "../../network/keep-running.ts";
import { attachSlirp4netns, type SlirpOptions } from "../../network/slirp4netns.ts";
import type { PortMapping, PublishedPort } from "../../oci/ports.ts";
import { readText } from "../../sys/files.ts";
import type { EngineContext } from "../context.ts";

export interface OutsideRequest {
  readonly pid: number;
  readonly options: SlirpOptions;
  /** Instead of slirp4netns. */
  readonly byPasta: boolean;
  /** The container's own, for the API socket. */
  readonly directory: string;
  /** What slirp4netns shall publish itself. */
  readonly mappings: readonly PortMapping[];
  readonly onPorts: (ports: readonly PublishedPort[]) => void;
}

/** Connects a container with the outside, until it is disposed of; a slirp4netns or pasta that is killed is started again. */
export function connectOutside(
  { helpers }: Pick<EngineContext, "helpers">,
  { pid, options, byPasta, directory, mappings, onPorts }: OutsideRequest,
): Promise<Running> {
  const enableIPv6 = options.enableIPv6 ?? hostRoutesIPv6();
  if (byPasta)
    return keepRunning(async () => {
      const { attachPasta } = await import("../../network/pasta.ts");
      return attachPasta({ helpers, pid, options, enableIPv6 });
    });
  if (mappings.length === 0)
    return keepRunning(() => attachSlirp4netns({ helpers, pid, options, enableIPv6 }));
  const apiSocket = { directory, name: "slirp4netns.sock" };
  return keepRunning(async () => {
    const { publishBySlirp } = await import("../../network/slirp-ports.ts");
    const slirp = await attachSlirp4netns({ helpers, pid, options, enableIPv6, apiSocket });
    try {
      onPorts(await publishBySlirp(apiSocket, options, mappings));
      return slirp;
    } catch (error) {
      await slirp[Symbol.asyncDispose]();
      throw error;
    }
  });
}

/** Whether this machine has a default route for IPv6 (/proc/net/ipv6_route): without one, addresses are only in the way. */
function hostRoutesIPv6(): boolean {
  try {
    return /^0{32} 00 .* (?!lo$)\S+$/m.test(readText("/proc/net/ipv6_route"));
  } catch {
    return false;
  }
}
