import { readFileSync } from "node:fs";
import { BerthError } from "../../base/errors.ts";
import {
  addressAt,
  canonicalAddress,
  contains,
  defaultPools,
  isWithin,
  localSubnet,
  overlap,
  parseSubnet,
  routedSubnets,
  type Subnet,
  subnetText,
  unusableAddresses,
} from "../../network/subnet.ts";
import { isAddress } from "../../oci/ports.ts";
import type { AddressPool } from "../../store/types.ts";

/** What a new network was asked to have. */
export interface PoolRequest {
  /** At most one of a family; a free one for none of IPv4. */
  readonly subnets: readonly string[];
  readonly gateways: readonly string[];
  readonly ranges: readonly string[];
  /** Addresses that are not to be given, by name. */
  readonly reserved: Readonly<Record<string, string>>;
  readonly ipv6: boolean;
}

/** What one subnet was asked to have. */
type PoolParts = Partial<Omit<AddressPool, "subnet">>;

/** The subnets of a new network: those asked for, or free ones. Every gateway, range and reserved address is of one of them. */
export function choosePools(
  { subnets, gateways, ranges, reserved, ipv6 }: PoolRequest,
  others: readonly Subnet[],
): { readonly pool: AddressPool; readonly pool6: AddressPool | undefined } {
  const asked = subnets.map((text) => askedSubnet(text, others));
  const asked6 = onlyOf(6, asked);
  if (asked6 && !ipv6)
    throw new BerthError("invalid-argument", `IPv6 is not enabled, and ${subnetText(asked6)} is of it`, {
      hint: "--ipv6 enables it",
    });
  if (Math.max(gateways.length, ranges.length) > asked.length)
    throw new BerthError("invalid-argument", "every ip-range or gateway must have a corresponding subnet");
  const parts = matchParts(asked, gateways, ranges.map(parseSubnet), reserved);
  const subnet = onlyOf(4, asked) ?? freeSubnet(others);
  const subnet6 = ipv6 ? (asked6 ?? localSubnet(crypto.getRandomValues(new Uint8Array(5)))) : undefined;
  const poolOf = (each: Subnet): AddressPool => {
    const { gateway = addressAt(each, 1), ...more } = parts.get(each) ?? {};
    const unusable = unusableAddresses(each);
    if (unusable.includes(gateway)) throw inUse(`gateway (${gateway})`);
    refuseTaken(more.reserved ?? {}, [...unusable, gateway]);
    return { subnet: subnetText(each), gateway, ...more };
  };
  return { pool: poolOf(subnet), pool6: subnet6 && poolOf(subnet6) };
}

/** The gateway and the range of each subnet, of which each may have one, and its reserved addresses. */
function matchParts(
  subnets: readonly Subnet[],
  gateways: readonly string[],
  ranges: readonly Subnet[],
  reserved: Readonly<Record<string, string>>,
): ReadonlyMap<Subnet, PoolParts> {
  const parts = new Map<Subnet, PoolParts>();
  for (const range of ranges) {
    const text = subnetText(range);
    const subnet = subnets.find((each) => isWithin(range, each));
    if (subnet === undefined)
      throw new BerthError("invalid-argument", `no matching subnet for range ${text}`);
    const { range: other } = parts.get(subnet) ?? {};
    if (other !== undefined)
      throw new BerthError(
        "invalid-argument",
        `cannot configure multiple ranges (${text}, ${other}) on the same subnet (${subnetText(subnet)})`,
      );
    parts.set(subnet, { range: text });
  }
  for (const asked of gateways) {
    if (!isAddress(asked)) throw new BerthError("invalid-argument", `invalid gateway address ${asked}`);
    const gateway = canonicalAddress(asked);
    const subnet = subnets.find((each) => contains(each, gateway));
    if (subnet === undefined)
      throw new BerthError("invalid-argument", `no matching subnet for gateway ${gateway}`);
    const part = parts.get(subnet);
    if (part?.gateway !== undefined)
      throw new BerthError(
        "invalid-argument",
        `cannot configure multiple gateways (${gateway}, ${part.gateway}) for the same subnet (${subnetText(subnet)})`,
      );
    parts.set(subnet, { ...part, gateway });
  }
  for (const [name, text] of Object.entries(reserved)) {
    const address = canonicalAddress(text);
    const subnet = subnets.find((each) => contains(each, address));
    if (subnet === undefined)
      throw new BerthError("invalid-argument", `no matching subnet for aux-address ${text}`);
    const part = parts.get(subnet);
    parts.set(subnet, { ...part, reserved: { ...part?.reserved, [name]: address } });
  }
  return parts;
}

function refuseTaken(reserved: Readonly<Record<string, string>>, taken: readonly string[]): void {
  const seen = new Set(taken);
  for (const [name, address] of Object.entries(reserved)) {
    if (seen.has(address)) throw inUse(`secondary ip address (${name}:${address})`);
    seen.add(address);
  }
}

function inUse(what: string): BerthError {
  return new BerthError("conflict", `failed to allocate ${what}: Address already in use`);
}

function onlyOf(family: 4 | 6, subnets: readonly Subnet[]): Subnet | undefined {
  const [found, more] = subnets.filter((subnet) => subnet.family === family);
  if (more) throw new BerthError("unsupported", `a network cannot have several IPv${family} subnets`);
  return found;
}

function askedSubnet(text: string, others: readonly Subnet[]): Subnet {
  const subnet = parseSubnet(text);
  if (subnet.prefixLength > (subnet.family === 4 ? 30 : 126))
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
  const free = defaultPools().find((pool) => !taken.some((other) => overlap(pool, other)));
  if (free === undefined)
    throw new BerthError("conflict", "all predefined address pools have been fully subnetted", {
      hint: "`berth network prune` removes networks that nobody uses; --subnet names another one",
    });
  return free;
}
