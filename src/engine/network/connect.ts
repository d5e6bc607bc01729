import { readFileSync } from "node:fs";
import { BerthError } from "../../base/errors.ts";
import { hasAddress6 } from "../../network/subnet.ts";
import type { ContainerRecord, NetworkMembership, NetworkRecord } from "../../store/types.ts";
import { isAlive } from "../../sys/process-identity.ts";
import { optionsOf } from "../container-record.ts";
import { isUp } from "../container-status.ts";
import type { EngineContext } from "../context.ts";
import { settle } from "../reconcile-containers.ts";
import type { NetworkRequest } from "../run-options.ts";
import { interfaceName, lookAgain } from "./container-network.ts";
import { joinNetwork } from "./members.ts";
import { emitNetworkEvent } from "./networks.ts";

/** Connects a container with a network, at once when it runs, else from its next start on. */
export async function connectNetwork(
  context: EngineContext,
  idOrName: string,
  request: NetworkRequest,
): Promise<void> {
  const container = await currentContainer(context, idOrName);
  const { kind } = optionsOf(container).run.network;
  if (kind === "host" || kind === "container")
    throw new BerthError(
      "conflict",
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  if (kind === "none")
    throw new BerthError(
      "conflict",
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
    );
  const network = joinNetwork(context.store, container, request);
  try {
    const membership = context.store.networks
      .membershipsOf(container.id)
      .find(({ networkId }) => networkId === network.id)!;
    await apply(container, membership, true);
  } catch (error) {
    context.store.networks.disconnect(network.id, container.id);
    wakeMonitor(container); // which may still be trying
    throw error;
  }
  emitNetworkEvent(context, network, "connect", { container: container.id });
}

/** Takes a container out of a network; with `force` whether its monitor answers or not. */
export async function disconnectNetwork(
  context: EngineContext,
  idOrName: string,
  nameOrId: string,
  { force }: { readonly force: boolean },
): Promise<void> {
  const container = await currentContainer(context, idOrName);
  const { networks } = context.store;
  const memberships = networks.membershipsOf(container.id);
  // A network that was removed is still known by its id.
  const network: Pick<NetworkRecord, "id" | "name"> =
    networks.find(nameOrId) ??
    memberships
      .map(({ networkId }) => ({ id: networkId, name: networkId }))
      .find(({ id }) => id === nameOrId) ??
    networks.get(nameOrId);
  const membership = memberships.find(({ networkId }) => networkId === network.id);
  if (membership === undefined)
    throw new BerthError("conflict", `container ${container.id} is not connected to network ${network.name}`);
  networks.disconnect(network.id, container.id);
  try {
    await apply(container, membership, false);
  } catch (error) {
    if (!force) throw error;
  }
  emitNetworkEvent(context, network, "disconnect", { container: container.id });
}

async function currentContainer(context: EngineContext, idOrName: string): Promise<ContainerRecord> {
  const container = await settle(context, context.store.containers.get(idOrName));
  if (container === undefined) throw new BerthError("not-found", `No such container: ${idOrName}`);
  return container;
}

/** Milliseconds that a monitor may take. */
const patience = 10_000;
const pollInterval = 5;

/** Has the monitor of a running container look again, and waits until the container has, or has not, the interface. */
async function apply(
  container: ContainerRecord,
  membership: NetworkMembership,
  there: boolean,
): Promise<void> {
  const { id, state } = container;
  const { process: first, monitor } = state;
  if (!isUp(state) || first === undefined || monitor === undefined) return;
  const name = interfaceName(membership);
  wakeMonitor(container);
  for (const end = Date.now() + patience; Date.now() < end; await Bun.sleep(pollInterval)) {
    if (!isAlive(first) || (there ? isSetUp(first.pid, membership) : !hasRoute(first.pid, name))) return;
  }
  throw new BerthError(
    "network",
    `container ${id} did not ${there ? "get" : "lose"} its interface ${name} in time`,
    {
      hint: "its monitor says why: BERTH_DEBUG=1 when the container is started shows it",
    },
  );
}

function wakeMonitor({ state: { monitor } }: ContainerRecord): void {
  if (monitor !== undefined && isAlive(monitor)) process.kill(monitor.pid, lookAgain);
}

/** Whether the interface of a network is up with its addresses, of which the IPv6 one comes last (/proc/PID/net/if_inet6). */
function isSetUp(pid: number, membership: NetworkMembership): boolean {
  const { address6 } = membership;
  const name = interfaceName(membership);
  if (!hasRoute(pid, name)) return false;
  if (address6 === undefined) return true;
  try {
    return hasAddress6(readFileSync(`/proc/${pid}/net/if_inet6`, "latin1"), name, address6);
  } catch {
    return false;
  }
}

/** Whether an interface is up with its IPv4 address (/proc/PID/net/route). */
function hasRoute(pid: number, name: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/net/route`, "latin1").includes(`\n${name}\t`);
  } catch {
    return false;
  }
}
