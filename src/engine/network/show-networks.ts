import { BerthError } from "../../base/errors.ts";
import { macOf, parseSubnet } from "../../network/subnet.ts";
import type { AddressPool, NetworkMembership, NetworkRecord } from "../../store/types.ts";
import type { EngineContext } from "../context.ts";
import { activeMembers } from "./members.ts";
import { predefinedNetworks } from "./predefined.ts";

export interface NetworkSummary {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
  /** `undefined` for those that are always there. */
  readonly record: NetworkRecord | undefined;
}

const sha256 = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("hex");

function summarize(record: NetworkRecord): NetworkSummary {
  const { id, name, internal, labels, createdAt } = record;
  return { id, name, driver: "bridge", internal, labels, createdAt, record };
}

function predefined(): NetworkSummary[] {
  return predefinedNetworks.map(({ name, driver }) => ({
    id: sha256(`berth ${name}`),
    name,
    driver,
    internal: false,
    labels: {},
    createdAt: "0001-01-01T00:00:00Z",
    record: undefined,
  }));
}

/** All networks by name; `filters` are `key=value` with Docker's keys. */
export function listNetworks(context: EngineContext, filters: readonly string[]): readonly NetworkSummary[] {
  const { networks } = context.readingStore;
  const accepts = networkFilter(filters, (id) => networks.membersOf(id).length > 0);
  return [...predefined(), ...networks.list().map(summarize)]
    .filter(accepts)
    .toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

type Predicate = (network: NetworkSummary) => boolean;

/** Values of one key are alternatives, labels must all be there, keys must all hold. */
function networkFilter(filters: readonly string[], isUsed: (id: string) => boolean): Predicate {
  const byKey = new Map<string, Predicate[]>();
  for (const filter of filters) {
    const equals = filter.indexOf("=");
    const key = filter.slice(0, equals).trim().toLowerCase();
    const predicate = predicateFor(key, filter.slice(equals + 1).trim(), isUsed);
    byKey.set(key, [...(byKey.get(key) ?? []), predicate]);
  }
  return (network) =>
    [...byKey].every(([key, all]) =>
      key === "label" ? all.every((holds) => holds(network)) : all.some((holds) => holds(network)),
    );
}

function predicateFor(key: string, value: string, isUsed: (id: string) => boolean): Predicate {
  switch (key) {
    case "id":
      return ({ id }) => id.startsWith(value);
    case "name":
      return ({ name }) => name.includes(value);
    case "driver":
      return ({ driver }) => driver === value;
    case "scope":
      return () => value === "local";
    case "type":
      if (value !== "custom" && value !== "builtin")
        throw new BerthError("invalid-argument", `invalid filter 'type=${value}'`);
      return ({ record }) => (record !== undefined) === (value === "custom");
    case "dangling":
      if (value !== "true" && value !== "false")
        throw new BerthError("invalid-argument", `invalid filter 'dangling=${value}'`);
      return ({ id, record }) => (record !== undefined && !isUsed(id)) === (value === "true");
    case "label": {
      const equals = value.indexOf("=");
      return ({ labels }) =>
        equals === -1
          ? Object.hasOwn(labels, value)
          : labels[value.slice(0, equals)] === value.slice(equals + 1);
    }
    default:
      throw new BerthError("invalid-argument", `invalid filter '${key}'`);
  }
}

/** A network in the shape of `docker network inspect`. */
export function inspectNetwork(context: EngineContext, nameOrId: string): Record<string, unknown> {
  const store = context.readingStore;
  const found = store.networks.find(nameOrId);
  const network =
    found === undefined
      ? predefined().find(({ id, name }) => name === nameOrId || (nameOrId !== "" && id.startsWith(nameOrId)))
      : summarize(found);
  if (network === undefined) throw new BerthError("not-found", `network ${nameOrId} not found`);
  const { record } = network;
  return {
    Name: network.name,
    Id: network.id,
    Created: network.createdAt,
    Scope: "local",
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: record?.ipv6 !== undefined,
    IPAM: {
      Driver: "default",
      Options: record ? {} : null,
      Config: record ? [record, ...(record.ipv6 ? [record.ipv6] : [])].map(poolOf) : null,
    },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(
      (record ? activeMembers(store, record.id) : []).map(({ container, membership }) => [
        container.id,
        {
          Name: container.name,
          EndpointID: endpointId(membership),
          MacAddress: macOf(membership.address),
          IPv4Address: `${membership.address}/${parseSubnet(record!.subnet).prefixLength}`,
          IPv6Address: membership.address6
            ? `${membership.address6}/${parseSubnet(record!.ipv6!.subnet).prefixLength}`
            : "",
        },
      ]),
    ),
    Options: {},
    Labels: network.labels,
  };
}

function poolOf({ subnet, range, gateway, reserved }: AddressPool) {
  return {
    Subnet: subnet,
    ...(range === undefined ? {} : { IPRange: range }),
    Gateway: gateway,
    ...(reserved === undefined
      ? {}
      : { AuxiliaryAddresses: Object.fromEntries(Object.entries(reserved).toSorted()) }),
  };
}

/** The same as long as the container belongs to the network. */
export function endpointId({ networkId, containerId }: NetworkMembership): string {
  return sha256(`${networkId} ${containerId}`);
}
