import { readFileSync } from "node:fs";
import { BerthError } from "../../base/errors.ts";
import { randomHex } from "../../base/random-hex.ts";
import {
  addressNumber,
  addressText,
  contains,
  defaultPools,
  overlap,
  parseSubnet,
  routedSubnets,
  type Subnet,
  subnetText,
} from "../../network/subnet.ts";
import { isIPv4 } from "../../oci/ports.ts";
import type { NetworkRecord } from "../../store/types.ts";
import type { EngineContext } from "../context.ts";
import { emitEvent } from "../events.ts";
import { onlyPrune, type PruneReport } from "../prune.ts";
import { pruneFilter } from "../prune-filters.ts";
import { activeMembers } from "./members.ts";
import { isPredefined } from "./predefined.ts";

export interface NetworkCreation {
  readonly name: string;
  readonly subnet?: string;
  readonly gateway?: string;
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
  const { store } = context;
  const network = store.transaction(() => {
    const others = store.networks.list().map((other) => parseSubnet(other.subnet));
    const subnet = creation.subnet === undefined ? freeSubnet(others) : askedSubnet(creation.subnet, others);
    const record: NetworkRecord = {
      id: randomHex(32),
      name,
      subnet: subnetText(subnet),
      gateway: gatewayOf(subnet, creation.gateway),
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

function askedSubnet(text: string, others: readonly Subnet[]): Subnet {
  const subnet = parseSubnet(text);
  if (subnet.prefixLength > 30)
    throw new BerthError("invalid-argument", `subnet ${text} has no room for two members`);
  if (others.some((other) => overlap(subnet, other)))
    throw new BerthError(
      "conflict",
      "invalid pool request: Pool overlaps with other one on this address space",
    );
  return subnet;
}

/** One that no other network has, and that this machine does not have routes to: those would be cut off. */
function freeSubnet(others: readonly Subnet[]): Subnet {
  const taken = [...others, ...routedSubnets(readFileSync("/proc/net/route", "latin1"))];
  const free = defaultPools.find((pool) => !taken.some((other) => overlap(pool, other)));
  if (free === undefined)
    throw new BerthError("conflict", "all predefined address pools have been fully subnetted", {
      hint: "`berth network prune` removes networks that nobody uses; --subnet names another one",
    });
  return free;
}

function gatewayOf(subnet: Subnet, asked: string | undefined): string {
  if (asked === undefined) return addressText(subnet.base + 1);
  if (!isIPv4(asked)) throw new BerthError("invalid-argument", `invalid gateway address ${asked}`);
  if (!contains(subnet, addressNumber(asked)))
    throw new BerthError("invalid-argument", `no matching subnet for gateway ${asked}`);
  return asked;
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
