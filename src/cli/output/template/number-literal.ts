/** Numbers as Go writes them: `1_000`, `0x1f`, `0b11`, `0o17`, `017`, `1e3`, `.5`. */
export interface NumberLiteral {
  /** A bigint where a number would lose digits. */
  readonly value: number | bigint;
  /** Written with a point or an exponent: a float64 in Go, even when it is whole. */
  readonly float: boolean;
}

/** Undefined where Go has no such number, or an integer needs more than 64 bits. */
export function parseNumber(text: string): NumberLiteral | undefined {
  const match = /^([+-]?)(.*)$/.exec(text);
  const [, sign = "", body = ""] = match ?? [];
  if (/__|_$|^_/.test(body)) return undefined;
  const plain = body.replaceAll("_", "");
  if (/^0\d*[89]\d*$/.test(plain)) return undefined;
  const integer = integerOf(plain);
  if (integer !== undefined) {
    const value = sign === "-" ? -integer : integer;
    if (value > 0xffff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n) return undefined;
    const small = Number(value);
    return { value: Number.isSafeInteger(small) ? small : value, float: false };
  }
  if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return undefined;
  const value = Number(sign + plain);
  return Number.isFinite(value) ? { value, float: true } : undefined;
}

function integerOf(text: string): bigint | undefined {
  if (/^(0|[1-9]\d*)$/.test(text) || /^0(x[0-9a-f]+|b[01]+|o[0-7]+)$/i.test(text)) return BigInt(text);
  return /^0[0-7]+$/.test(text) ? BigInt(`0o${text.slice(1)}`) : undefined;
}
