import { BerthError } from "../../base/errors.ts";
import { randomHex } from "../../sys/random-hex.ts";
import { parseSubnet } from "../../network/subnet.ts";
import type { NetworkRecord } from "../../store/types.ts";
import { requireIPv6 } from "../../sys/require-ipv6.ts";
import type { EngineContext } from "../context.ts";
import { emitEvent } from "../events.ts";
import { onlyPrune, type PruneReport } from "../prune.ts";
import { pruneFilter } from "../prune-filters.ts";
import { activeMembers } from "./members.ts";
import { choosePools, type PoolRequest } from "./address-pools.ts";
import { isPredefined } from "./predefined.ts";

export interface NetworkCreation extends PoolRequest {
  readonly name: string;
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** Makes a network and answers its id. Nothing runs for it before a member does. */
export function createNetwork(context: EngineContext, creation: NetworkCreation): string {
  const { name, internal, labels } = creation;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw new BerthError(
      "invalid-argument",
      `invalid network name "${name}": only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  if (isPredefined(name)) throw new BerthError("conflict", `network with name ${name} already exists`);
  if (creation.ipv6) requireIPv6();
  const { store } = context;
  const network = store.transaction(() => {
    const others = store.networks
      .list()
      .flatMap(({ subnet, ipv6 }) => [subnet, ...(ipv6 ? [ipv6.subnet] : [])])
      .map(parseSubnet);
    const { pool, pool6 } = choosePools(creation, others);
    const record: NetworkRecord = {
      id: randomHex(32),
      name,
      ...pool,
      ...(pool6 ? { ipv6: pool6 } : {}),
      internal,
      labels,
      createdAt: new Date().toISOString(),
    };
    store.networks.insert(record);
    return record;
  });
  emitNetworkEvent(context, network, "create");
  return network.id;
}

/** Removes a network. Throws `conflict` while a running container is in it. */
export function removeNetwork(context: EngineContext, nameOrId: string): void {
  const { store } = context;
  if (store.networks.find(nameOrId) === undefined && isPredefined(nameOrId))
    throw new BerthError("denied", `${nameOrId} is a pre-defined network and cannot be removed`);
  const removed = store.transaction(() => {
    const network = store.networks.get(nameOrId);
    const active = activeMembers(store, network.id);
    if (active.length > 0) {
      const names = active.map(
        ({ container }) => `name:"${container.name}" id:"${container.id.slice(0, 12)}"`,
      );
      throw new BerthError(
        "conflict",
        `error while removing network: network ${network.name} has active endpoints (${names.join(", ")})`,
        { hint: `berth network disconnect -f ${network.name} ${active[0]!.container.name}` },
      );
    }
    store.networks.remove(network.id);
    return network;
  });
  emitNetworkEvent(context, removed, "destroy");
}

/** Removes the networks that no container belongs to, running or not; answers their names. */
export function pruneNetworks(context: EngineContext, filters: readonly string[]): PruneReport<string> {
  const accepts = pruneFilter(filters);
  const { store } = context;
  using _ = onlyPrune(context);
  const unused = store.networks
    .list()
    .filter(({ createdAt, labels }) => accepts({ createdAt: Date.parse(createdAt), labels }))
    .filter(({ id }) =>
      store.transaction(() => {
        if (store.networks.membersOf(id).length > 0) return false;
        store.networks.remove(id);
        return true;
      }),
    );
  for (const network of unused) emitNetworkEvent(context, network, "destroy");
  emitEvent(context, { type: "network", action: "prune", id: "", attributes: { reclaimed: "0" } });
  return { removed: unused.map(({ name }) => name), reclaimed: 0 };
}

export function emitNetworkEvent(
  context: EngineContext,
  { id, name }: Pick<NetworkRecord, "id" | "name">,
  action: "create" | "destroy" | "connect" | "disconnect",
  extra: Readonly<Record<string, string>> = {},
): void {
  emitEvent(context, { type: "network", action, id, attributes: { name, type: "bridge", ...extra } });
}
