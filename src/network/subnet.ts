/** IPv4 and IPv6 subnets. Pure. Addresses are texts, IPv6 ones in the one form of RFC 5952 (`canonicalAddress`). */
import { BerthError } from "../base/errors.ts";
import { isIPv4, isIPv6 } from "../oci/ports.ts";

export interface Subnet {
  readonly family: 4 | 6;
  /** The network address as a number. */
  readonly base: bigint;
  readonly prefixLength: number;
}

const bitsOf = { 4: 32, 6: 128 } as const;

/** Every address has one text, by which it can be compared. */
export function canonicalAddress(address: string): string {
  if (!address.includes(":")) return address;
  const { hostname } = new URL(`http://[${address}]/`);
  return hostname.slice(1, -1);
}

/** Four bytes, or sixteen. */
export function addressBytes(address: string): number[] {
  if (!address.includes(":")) return address.split(".").map(Number);
  const [head = "", tail] = canonicalAddress(address).split("::");
  const groups = (text: string) => text.split(":").filter(Boolean);
  const [first, last] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => "0");
  return [...first, ...zeros, ...last].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

function addressNumber(address: string): bigint {
  return addressBytes(address).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function addressText(family: 4 | 6, address: bigint): string {
  const unit = family === 4 ? 8 : 16;
  const places = Array.from(
    { length: bitsOf[family] / unit },
    (_, place) => bitsOf[family] - unit * (place + 1),
  );
  const parts = places.map((shift) => (address >> BigInt(shift)) & ((1n << BigInt(unit)) - 1n));
  return family === 4 ? parts.join(".") : canonicalAddress(parts.map((part) => part.toString(16)).join(":"));
}

/** The netmask of an IPv4 subnet. */
export function maskBytes(prefixLength: number): number[] {
  return addressBytes(addressText(4, (1n << 32n) - (1n << BigInt(32 - prefixLength))));
}

/** `172.18.0.0/16`, `fd00::/64`; bits of a host in it are dropped, as Docker does. Throws `invalid-argument`. */
export function parseSubnet(text: string): Subnet {
  const [address = "", length = "", more] = text.split("/");
  const family = isIPv4(address) ? 4 : 6;
  const prefixLength = /^\d{1,3}$/.test(length) ? Number(length) : Number.POSITIVE_INFINITY;
  if ((family === 6 && !isIPv6(address)) || prefixLength > bitsOf[family] || more !== undefined)
    throw new BerthError("invalid-argument", `invalid subnet ${text}: invalid CIDR address`);
  const subnet = { family, base: 0n, prefixLength } as const;
  const size = subnetSize(subnet);
  return { ...subnet, base: (addressNumber(address) / size) * size };
}

export function subnetText(subnet: Subnet): string {
  return `${addressAt(subnet, 0)}/${subnet.prefixLength}`;
}

function subnetSize({ family, prefixLength }: Subnet): bigint {
  return 1n << BigInt(bitsOf[family] - prefixLength);
}

/** The address at a place of a subnet, whose own is at 0. */
export function addressAt({ family, base }: Subnet, place: number): string {
  return addressText(family, base + BigInt(place));
}

export function contains(subnet: Subnet, address: string): boolean {
  if (address.includes(":") !== (subnet.family === 6)) return false;
  return holds(subnet, addressNumber(address));
}

function holds(subnet: Subnet, address: bigint): boolean {
  return address >= subnet.base && address < subnet.base + subnetSize(subnet);
}

export function isWithin(inner: Subnet, outer: Subnet): boolean {
  return inner.prefixLength >= outer.prefixLength && overlap(inner, outer);
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && (holds(a, b.base) || holds(b, a.base));
}

/** What no member can have: a subnet's first address, which means the network, and the last of IPv4, which means all members. */
export function unusableAddresses(subnet: Subnet): readonly string[] {
  const last = addressText(subnet.family, subnet.base + subnetSize(subnet) - 1n);
  return [addressAt(subnet, 0), ...(subnet.family === 4 ? [last] : [])];
}

/** The lowest usable address of a range of a subnet, by default all of it, that is not taken. */
export function freeAddress(
  subnet: Subnet,
  taken: ReadonlySet<string>,
  range: Subnet = subnet,
): string | undefined {
  const unusable = unusableAddresses(subnet);
  for (let address = range.base; address < range.base + subnetSize(range); address++) {
    const text = addressText(subnet.family, address);
    if (!taken.has(text) && !unusable.includes(text)) return text;
  }
  return undefined;
}

/** Where Docker takes subnets from that nobody asked for: 172.18.0.0/16 … 172.31.0.0/16, then 192.168.0.0/20 …. */
export const defaultPools = (): readonly Subnet[] => [
  ...Array.from({ length: 14 }, (_, index) => parseSubnet(`172.${18 + index}.0.0/16`)),
  ...Array.from({ length: 16 }, (_, index) => parseSubnet(`192.168.${16 * index}.0/20`)),
];

/** A unique local IPv6 subnet of five random bytes (RFC 4193, section 3.1). */
export function localSubnet(random: Uint8Array): Subnet {
  const [a, b, c, d, e] = Array.from(random, (byte) => byte.toString(16).padStart(2, "0"));
  return parseSubnet(`fd${a}:${b}${c}:${d}${e}::/64`);
}

/** Locally administered, and the same for the same IPv4 address, so that neighbours may remember it over a restart. */
export function macOf(address: string): string {
  return ["02", "42", ...addressBytes(address).map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** Whether an interface has an IPv6 address that can be used already, from the text of /proc/net/if_inet6. */
export function hasAddress6(table: string, name: string, address: string): boolean {
  const IFA_F_TENTATIVE = 0x40;
  const wanted = Buffer.from(addressBytes(address)).toString("hex");
  return table
    .split("\n")
    .map((line) => line.split(/ +/))
    .some(
      ([held, , , , flags = "", device]) =>
        held === wanted && device === name && (Number.parseInt(flags, 16) & IFA_F_TENTATIVE) === 0,
    );
}

/** The subnets that this machine has routes to, from the text of /proc/net/route. */
export function routedSubnets(table: string): readonly Subnet[] {
  const number = (hex: string) => Buffer.from(hex, "hex").readUInt32LE(0);
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter((fields) => fields.length > 7 && fields[7] !== "00000000")
    .map((fields) => ({
      family: 4,
      base: BigInt(number(fields[1]!)),
      prefixLength: number(fields[7]!).toString(2).replaceAll("0", "").length,
    }));
}
