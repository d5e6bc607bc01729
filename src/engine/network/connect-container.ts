import { slirpAddresses } from "../../network/slirp4netns.ts";
import type { PublishedPort } from "../../oci/ports.ts";
import { selfCommand } from "../../sys/self-command.ts";
import type { EngineContext } from "../context.ts";
import type { StartableContainer } from "../container-record.ts";
import { portMappings } from "./container-ports.ts";
import { connectOutside } from "./outside.ts";

/**
 * Connects a container that is about to start: with the outside, and with whoever comes to its published ports. What it
 * acquires goes onto the stack. Throws when a port cannot be opened.
 */
export async function connectContainer(
  context: EngineContext,
  container: StartableContainer,
  pid: number,
  stack: AsyncDisposableStack,
): Promise<void> {
  const { network } = container.options.run;
  const slirp = (network.kind === "slirp4netns" && network.options) || {};
  const mappings = portMappings(container.options);
  const bySlirp = slirp.portHandler === "slirp4netns";
  const onPorts = (ports: readonly PublishedPort[]) => recordPorts(context, container.id, ports);
  await allOrNone(stack, [
    connectOutside(context, {
      pid,
      options: slirp,
      directory: container.directory,
      mappings: bySlirp ? mappings : [],
      onPorts,
    }),
    ...(mappings.length > 0 && !bySlirp ? [startAgent()] : []),
  ]);

  async function startAgent(): Promise<AsyncDisposable> {
    const { NetworkAgent } = await import("../../network/agent/run-agent.ts");
    const { container: address, nameserver } = slirpAddresses(slirp);
    const agent = await NetworkAgent.start({
      helpers: context.helpers,
      self: selfCommand(),
      singleIdentity: context.identity.mode === "single",
      pid,
      ports: mappings,
      addresses: [address],
      nameservers: [nameserver],
      lookUp: () => ({}),
    });
    onPorts(agent.ports);
    return agent;
  }
}

/** What was acquired goes onto the stack, also when something else failed meanwhile. */
async function allOrNone(
  stack: AsyncDisposableStack,
  all: readonly Promise<AsyncDisposable>[],
): Promise<void> {
  const results = await Promise.allSettled(all);
  for (const result of results) if (result.status === "fulfilled") stack.use(result.value);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** A store that cannot be written has no record of the container. */
function recordPorts(context: EngineContext, id: string, ports: readonly PublishedPort[]): void {
  if (context.store.isWritable()) context.store.containers.update(id, (state) => ({ ...state, ports }));
}
