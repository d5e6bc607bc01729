/** Go's `strconv.FormatFloat`: correct rounding, half to even on the exact value, where JavaScript rounds half up. */

interface Decimal {
  /** Significant digits without leading zeros; empty for zero. */
  readonly digits: string;
  /** Where the decimal point is: 0.d1d2… × 10^point. */
  readonly point: number;
}

/** Every digit of a finite, non-negative double. */
function exactDecimal(value: number): Decimal {
  if (value === 0) return { digits: "", point: 0 };
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = (biased === 0 ? 1 : biased) - 1075;
  // A negative power of two is a decimal with that many places: m / 2^k = m * 5^k / 10^k.
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const digits = scaled.toString();
  return { digits: digits.replace(/0+$/, ""), point: digits.length + Math.min(0, exponent) };
}

/** The fewest digits that read back as the same double. */
function shortestDecimal(value: number): Decimal {
  if (value === 0) return { digits: "", point: 0 };
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  return { digits: mantissa.replace(".", "").replace(/0+$/, ""), point: Number(exponent) + 1 };
}

/** Keeps `count` digits, rounding half to even. */
function round({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: "", point };
  const rest = digits.slice(count);
  const kept = digits.slice(0, count);
  const tie = rest === "5";
  const up = tie ? Number(kept.at(-1) ?? "0") % 2 === 1 : rest[0]! >= "5";
  if (!up) return { digits: kept.replace(/0+$/, ""), point };
  const raised = (BigInt(kept === "" ? "0" : kept) + 1n).toString();
  const carried = raised.length > count ? 1 : 0;
  return { digits: raised.replace(/0+$/, ""), point: point + carried };
}

function exponentForm({ digits, point }: Decimal, places: number): string {
  const padded = digits.padEnd(places + 1, "0");
  const exponent = digits === "" ? 0 : point - 1;
  const sign = exponent < 0 ? "-" : "+";
  const fraction = places > 0 ? `.${padded.slice(1, places + 1)}` : "";
  return `${padded[0] ?? "0"}${fraction}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function plainForm({ digits, point }: Decimal, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  if (places <= 0) return whole;
  const fraction = point >= 0 ? digits.slice(point) : "0".repeat(Math.min(-point, places)) + digits;
  return `${whole}.${fraction.padEnd(places, "0").slice(0, places)}`;
}

/**
 * `value` by the verb of Go's printf. `precision` counts places (`e`, `f`) or significant digits (`g`); -1 is as
 * many as needed to read the same number back.
 */
export function formatFloat(value: number, verb: "e" | "f" | "g", precision: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const negative = value < 0 || Object.is(value, -0);
  const text = formatMagnitude(Math.abs(value), verb, precision);
  return negative ? `-${text}` : text;
}

function formatMagnitude(value: number, verb: "e" | "f" | "g", precision: number): string {
  const shortest = precision < 0;
  const full = shortest ? shortestDecimal(value) : exactDecimal(value);
  if (verb === "e") {
    const decimal = shortest ? full : round(full, precision + 1);
    return exponentForm(decimal, shortest ? Math.max(decimal.digits.length - 1, 0) : precision);
  }
  if (verb === "f") {
    const decimal = shortest ? full : round(full, full.point + precision);
    return plainForm(decimal, shortest ? Math.max(decimal.digits.length - decimal.point, 0) : precision);
  }
  const significant = shortest ? full.digits.length : precision === 0 ? 1 : precision;
  const decimal = shortest ? full : round(full, significant);
  let limit = significant;
  if (limit > decimal.digits.length && decimal.digits.length >= decimal.point) limit = decimal.digits.length;
  if (shortest) limit = 6;
  const exponent = decimal.digits === "" ? -1 : decimal.point - 1;
  if (exponent < -4 || exponent >= limit) {
    return exponentForm(decimal, Math.max(decimal.digits.length - 1, 0));
  }
  return plainForm(decimal, Math.max(decimal.digits.length - decimal.point, 0));
}
