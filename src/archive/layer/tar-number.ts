/**
 * A number field of a tar header: octal digits, optionally led by spaces or NULs and ended by them (POSIX ustar), or
 * base-256 in two's complement where the first bit is set (GNU). Undefined where it is neither or not a safe integer;
 * lax readers disagree about such fields, and a disagreement about sizes hides entries (CVE-2025-62518).
 */
export function parseTarNumber(block: Uint8Array, offset: number, length: number): number | undefined {
  const end = offset + length;
  const first = block[offset]!;
  if ((first & 0x80) !== 0) return parseBase256(block, offset, end);
  let at = offset;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < end; at++) if (block[at] !== 0x20 && block[at] !== 0) return undefined;
  return value;
}

function parseBase256(block: Uint8Array, offset: number, end: number): number | undefined {
  const negative = (block[offset]! & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  for (let at = offset; at < end; at++) {
    const byte = at === offset ? block[at]! & 0x7f : block[at]!;
    const bits = at === offset && negative ? byte | 0x80 : byte;
    value = (value << 8n) | BigInt(bits);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Decimal digits, nothing else, at most the largest safe integer. */
export function parseDecimal(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A moment as the kernel takes it. `nanoseconds` is 0 to 999999999, also before 1970. */
export interface Timestamp {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** A PAX time: seconds with a decimal fraction, possibly negative; digits behind the ninth are cut off. */
export function parsePaxTime(text: string): Timestamp | undefined {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (match === null) return undefined;
  const whole = BigInt(match[2]!);
  const nanoseconds = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { seconds: whole, nanoseconds };
  if (nanoseconds === 0) return { seconds: -whole, nanoseconds };
  return { seconds: -whole - 1n, nanoseconds: 1_000_000_000 - nanoseconds };
}
