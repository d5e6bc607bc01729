import { BerthError } from "../../base/errors.ts";
import type { Answer } from "../../network/agent/protocol.ts";
import {
  canonicalAddress,
  contains,
  freeAddress,
  parseSubnet,
  unusableAddresses,
} from "../../network/subnet.ts";
import type { Store } from "../../store/store.ts";
import type {
  AddressPool,
  ContainerRecord,
  ContainerState,
  NetworkMembership,
  NetworkRecord,
} from "../../store/types.ts";
import { isAlive } from "../../sys/process-identity.ts";
import { optionsOf } from "../container-record.ts";
import { isUp } from "../container-status.ts";
import type { NetworkRequest } from "../run-options.ts";

function isRunning(state: ContainerState): boolean {
  return isUp(state) && state.process !== undefined && isAlive(state.process);
}

/** Makes a container a member of a network, at the address asked for or at a free one. */
export function joinNetwork(
  store: Store,
  container: Pick<ContainerRecord, "id" | "name">,
  request: NetworkRequest,
): NetworkRecord {
  return store.transaction(() => {
    const network = store.networks.get(request.network);
    const members = store.networks.membersOf(network.id);
    if (members.some(({ containerId }) => containerId === container.id))
      throw new BerthError(
        "conflict",
        `endpoint with name ${container.name} already exists in network ${network.name}`,
      );
    const { ipv6 } = network;
    const taken = new Set([
      ...[network, ...(ipv6 ? [ipv6] : [])].flatMap(({ gateway, reserved }) => [
        gateway,
        ...Object.values(reserved ?? {}),
      ]),
      ...members.flatMap(addressesOf),
    ]);
    if (ipv6 === undefined && request.address6 !== undefined) throw noSuchAddress(network, request.address6);
    store.networks.connect({
      networkId: network.id,
      containerId: container.id,
      address: chooseAddress(network, network, taken, request.address),
      ...(ipv6 ? { address6: chooseAddress(network, ipv6, taken, request.address6) } : {}),
      aliases: request.aliases,
    });
    return network;
  });
}

function chooseAddress(
  network: NetworkRecord,
  pool: AddressPool,
  taken: ReadonlySet<string>,
  asked: string | undefined,
): string {
  const subnet = parseSubnet(pool.subnet);
  if (asked === undefined) {
    const free = freeAddress(subnet, taken, pool.range === undefined ? subnet : parseSubnet(pool.range));
    if (free !== undefined) return free;
    throw new BerthError(
      "conflict",
      `no available IPv${subnet.family} addresses on this network's address pools: ${network.name}`,
    );
  }
  const address = canonicalAddress(asked);
  if (!contains(subnet, address)) throw noSuchAddress(network, asked);
  if (taken.has(address) || unusableAddresses(subnet).includes(address))
    throw new BerthError("conflict", "Address already in use");
  return address;
}

function noSuchAddress({ name, subnet, ipv6 }: NetworkRecord, asked: string): BerthError {
  return new BerthError(
    "invalid-argument",
    `invalid endpoint settings: no configured subnet contains IP address ${asked}`,
    { hint: `network ${name} has ${[subnet, ...(ipv6 ? [ipv6.subnet] : [])].join(" and ")}` },
  );
}

/** Its IPv4 address, and its IPv6 one where it has one. */
export function addressesOf({
  address,
  address6,
}: Pick<NetworkMembership, "address" | "address6">): readonly string[] {
  return address6 === undefined ? [address] : [address, address6];
}

export interface ActiveMember {
  readonly container: ContainerRecord;
  readonly membership: NetworkMembership;
}

/** The members of a network that run. */
export function activeMembers(store: Store, networkId: string): readonly ActiveMember[] {
  return store.networks.membersOf(networkId).flatMap((membership) => {
    const container = store.containers.find(membership.containerId);
    return container && isRunning(container.state) ? [{ container, membership }] : [];
  });
}

/** A container's place in a network. */
export interface NetworkPlace {
  readonly network: NetworkRecord;
  readonly membership: NetworkMembership;
}

/** The networks of a container. Throws `not-found` when one of them was removed. */
export function networksOf(store: Store, containerId: string): readonly NetworkPlace[] {
  return store.networks
    .membershipsOf(containerId)
    .map((membership) => ({ network: store.networks.get(membership.networkId), membership }));
}

/** The same for who only looks: without those that were removed. */
export function knownNetworks(store: Store, containerId: string): readonly NetworkPlace[] {
  return store.networks.membershipsOf(containerId).flatMap((membership) => {
    const network = store.networks.find(membership.networkId);
    return network ? [{ network, membership }] : [];
  });
}

/**
 * What a name means to a container: the addresses of running members of its networks that are called so, by name, short
 * id, hostname or alias, alone or with the network's name behind it. An address gives the names of who has it.
 */
export function lookUpNeighbour(store: Store, containerId: string, asked: string): Answer {
  const addresses: string[] = [];
  const names: string[] = [];
  for (const { network, aliases, state, ...neighbour } of store.networks.neighboursOf(containerId)) {
    const own = [
      neighbour.name,
      neighbour.containerId.slice(0, 12),
      optionsOf(neighbour).hostname,
      ...aliases,
    ].map((name) => name.toLowerCase());
    const isMeant = own.some((name) => asked === name || asked === `${name}.${network.toLowerCase()}`);
    const held = addressesOf(neighbour);
    if ((!isMeant && !held.includes(asked)) || !isRunning(state)) continue;
    if (isMeant) addresses.push(...held);
    else names.push(`${neighbour.name}.${network}`);
  }
  return { ...(addresses.length > 0 ? { addresses } : {}), ...(names.length > 0 ? { names } : {}) };
}
