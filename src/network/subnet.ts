/** IPv4 subnets, as numbers. Pure. */
import { BerthError } from "../base/errors.ts";
import { isIPv4 } from "../oci/ports.ts";

export interface Subnet {
  /** The network address as a number. */
  readonly base: number;
  readonly prefixLength: number;
}

export function addressBytes(address: string): number[] {
  return address.split(".").map(Number);
}

export function addressNumber(address: string): number {
  return addressBytes(address).reduce((sum, byte) => sum * 256 + byte, 0);
}

export function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

export function maskBytes(prefixLength: number): number[] {
  return addressBytes(addressText(2 ** 32 - 2 ** (32 - prefixLength)));
}

/** `172.18.0.0/16`; bits of a host in it are dropped, as Docker does. Throws `invalid-argument`. */
export function parseSubnet(text: string): Subnet {
  const [address = "", length = "", more] = text.split("/");
  const prefixLength = /^\d{1,2}$/.test(length) ? Number(length) : 33;
  if (!isIPv4(address) || prefixLength > 32 || more !== undefined)
    throw new BerthError("invalid-argument", `invalid subnet ${text}: invalid CIDR address`);
  const size = 2 ** (32 - prefixLength);
  return { base: Math.floor(addressNumber(address) / size) * size, prefixLength };
}

export function subnetText({ base, prefixLength }: Subnet): string {
  return `${addressText(base)}/${prefixLength}`;
}

export function subnetSize({ prefixLength }: Subnet): number {
  return 2 ** (32 - prefixLength);
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address < subnet.base + subnetSize(subnet);
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return contains(a, b.base) || contains(b, a.base);
}

/** The lowest address for a host that is not taken: not the first (the network) and not the last (broadcast). */
export function freeAddress(subnet: Subnet, taken: ReadonlySet<number>): number | undefined {
  for (let address = subnet.base + 1; address < subnet.base + subnetSize(subnet) - 1; address++) {
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** Where Docker takes subnets from that nobody asked for: 172.18.0.0/16 … 172.31.0.0/16, then 192.168.0.0/20 …. */
export const defaultPools: readonly Subnet[] = [
  ...Array.from({ length: 14 }, (_, index) => parseSubnet(`172.${18 + index}.0.0/16`)),
  ...Array.from({ length: 16 }, (_, index) => parseSubnet(`192.168.${16 * index}.0/20`)),
];

/** Locally administered, and the same for the same address, so that neighbours may remember it over a restart. */
export function macOf(address: string): string {
  return ["02", "42", ...addressBytes(address).map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
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
      base: number(fields[1]!),
      prefixLength: number(fields[7]!).toString(2).replaceAll("0", "").length,
    }));
}
