/** Go's package fmt for template values: Print, Println and Printf with their verbs, flags and complaints. */
import { formatFloat } from "../number-format.ts";
import { goQuote, goQuoteRune } from "./quote.ts";
import { entriesOf, GoStruct, itemsOf, kindOf, numberOf, sortedKeys, typeName } from "./values.ts";

interface Flags {
  readonly plus: boolean;
  readonly minus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

const noFlags: Flags = {
  plus: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
};

/** Widths and precisions above this are refused, as in Go. */
const maximumWidth = 1_000_000;
/** Data nested deeper than this is cut with an ellipsis instead of overflowing the stack. */
const maximumDepth = 1000;

/** One value as %v prints it. */
export function formatValue(value: unknown): string {
  return formatVerb("v", value, noFlags, 0);
}

/** Operands in a row, with a space between two of which neither is a string. */
export function sprint(values: readonly unknown[]): string {
  return values
    .map((value, i) => {
      const gap = i > 0 && typeof value !== "string" && typeof values[i - 1] !== "string";
      return (gap ? " " : "") + formatValue(value);
    })
    .join("");
}

export function sprintln(values: readonly unknown[]): string {
  return `${values.map(formatValue).join(" ")}\n`;
}

export function sprintf(format: string, values: readonly unknown[]): string {
  return new Printf(format, values).run();
}

class Printf {
  private position = 0;
  private argument = 0;
  private reordered = false;
  private goodIndex = true;

  constructor(
    private readonly format: string,
    private readonly values: readonly unknown[],
  ) {}

  run(): string {
    const { format, values } = this;
    let out = "";
    while (this.position < format.length) {
      const percent = format.indexOf("%", this.position);
      if (percent === -1) {
        out += format.slice(this.position);
        break;
      }
      out += format.slice(this.position, percent);
      this.position = percent + 1;
      out += this.directive();
    }
    if (!this.reordered && this.argument < values.length) {
      const extra = values
        .slice(this.argument)
        .map((value) =>
          value === null || value === undefined ? "<nil>" : `${typeName(value)}=${formatValue(value)}`,
        );
      out += `%!(EXTRA ${extra.join(", ")})`;
    }
    return out;
  }

  private directive(): string {
    const { format, values } = this;
    const flags = { ...noFlags } as { -readonly [K in keyof Flags]: Flags[K] };
    let complaint = "";
    for (; ; this.position++) {
      const character = format[this.position];
      if (character === "+") flags.plus = true;
      else if (character === "-") flags.minus = true;
      else if (character === "#") flags.sharp = true;
      else if (character === " ") flags.space = true;
      else if (character === "0") flags.zero = true;
      else break;
    }
    this.goodIndex = true;
    let indexed = this.argumentIndex();
    if (format[this.position] === "*") {
      this.position++;
      const width = this.starValue();
      if (width === undefined) complaint += "%!(BADWIDTH)";
      else {
        flags.width = Math.abs(width);
        if (width < 0) flags.minus = true;
      }
      indexed = false;
    } else {
      const width = this.digits();
      flags.width = width;
      if (indexed && width !== undefined) this.goodIndex = false;
    }
    if (format[this.position] === ".") {
      this.position++;
      if (indexed) this.goodIndex = false;
      indexed = this.argumentIndex();
      if (format[this.position] === "*") {
        this.position++;
        const precision = this.starValue();
        if (precision === undefined) complaint += "%!(BADPREC)";
        else if (precision >= 0) flags.precision = precision;
        indexed = false;
      } else flags.precision = this.digits() ?? 0;
    }
    if (!indexed) this.argumentIndex();
    const code = format.codePointAt(this.position);
    if (code === undefined) return `${complaint}%!(NOVERB)`;
    const verb = String.fromCodePoint(code);
    this.position += verb.length;
    if (verb === "%") return `${complaint}%`;
    if (!this.goodIndex) return `${complaint}%!${verb}(BADINDEX)`;
    if (this.argument >= values.length) return `${complaint}%!${verb}(MISSING)`;
    return complaint + formatVerb(verb, values[this.argument++], flags, 0);
  }

  private digits(): number | undefined {
    const match = /^\d+/.exec(this.format.slice(this.position, this.position + 9));
    if (match === null) return undefined;
    this.position += match[0].length;
    const number = Number(match[0]);
    return number > maximumWidth ? undefined : number;
  }

  private starValue(): number | undefined {
    const value = this.values[this.argument];
    if (this.argument < this.values.length) this.argument++;
    if (kindOf(value) !== "int") return undefined;
    const number = Number(value);
    return Math.abs(number) > maximumWidth ? undefined : number;
  }

  /** `[n]` before a verb, a width or a precision. */
  private argumentIndex(): boolean {
    if (this.format[this.position] !== "[") return false;
    this.reordered = true;
    const end = this.format.indexOf("]", this.position);
    const text = end === -1 ? "" : this.format.slice(this.position + 1, end);
    this.position = end === -1 ? this.position + 1 : end + 1;
    const index = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    if (index < 1 || index > this.values.length) {
      this.goodIndex = false;
      return true;
    }
    this.argument = index - 1;
    return true;
  }
}

function formatVerb(verb: string, value: unknown, flags: Flags, depth: number): string {
  if (depth > maximumDepth) return "...";
  if (verb === "T") return pad(value === undefined || value === null ? "<nil>" : typeName(value), flags);
  const inner = (item: unknown) => formatVerb(verb, item, flags, depth + 1);
  switch (kindOf(value)) {
    case "invalid":
    case "nil":
      return verb === "v" || depth > 0 ? pad("<nil>", flags) : `%!${verb}(<nil>)`;
    case "bool":
      return verb === "v" || verb === "t" ? pad(String(value), flags) : badVerb(verb, value);
    case "string":
      return formatString(verb, String(value), flags);
    case "int":
      return formatInteger(verb, BigInt(numberOf(value)), flags, value);
    case "float":
      return formatFloatVerb(verb, Number(numberOf(value)), flags, value);
    case "list":
      return `[${itemsOf(value).map(inner).join(" ")}]`;
    case "map": {
      const entries = entriesOf(value);
      const pairs = sortedKeys(entries).map((key) => `${inner(key)}:${inner(entries[key])}`);
      return `map[${pairs.join(" ")}]`;
    }
    case "struct": {
      const fields = value instanceof GoStruct ? Object.entries(value.fields) : [];
      const shown = fields.map(
        ([name, item]) => (flags.plus && verb === "v" ? `${name}:` : "") + inner(item),
      );
      return `{${shown.join(" ")}}`;
    }
    case "func":
      return badVerb(verb, "func");
  }
}

function badVerb(verb: string, value: unknown): string {
  return `%!${verb}(${typeName(value)}=${formatValue(value)})`;
}

function runes(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function pad(text: string, flags: Flags): string {
  const missing = (flags.width ?? 0) - runes(text);
  if (missing <= 0) return text;
  if (flags.minus) return text + " ".repeat(missing);
  return (flags.zero ? "0" : " ").repeat(missing) + text;
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : [...text].slice(0, precision).join("");
}

function formatString(verb: string, text: string, flags: Flags): string {
  switch (verb) {
    case "v":
      return pad(flags.sharp ? goQuote(text) : cut(text, flags.precision), flags);
    case "s":
      return pad(cut(text, flags.precision), flags);
    case "q": {
      const shown = cut(text, flags.precision);
      const raw = flags.sharp && !/[`\u0000-\u0008\u000a-\u001f\u007f\ufeff]/.test(shown);
      return pad(raw ? `\`${shown}\`` : goQuote(shown, flags.plus), flags);
    }
    case "x":
    case "X": {
      const bytes = Buffer.from(text).subarray(0, flags.precision);
      const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
      const prefix = flags.sharp && digits.length > 0 ? "0x" : "";
      const hex = flags.space ? digits.map((pair) => prefix + pair).join(" ") : prefix + digits.join("");
      return pad(verb === "X" ? hex.toUpperCase() : hex, flags);
    }
    default:
      return badVerb(verb, text);
  }
}

const bases: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  b: [2, "0b"],
  o: [8, "0"],
  O: [8, "0o"],
  d: [10, ""],
  v: [10, ""],
  x: [16, "0x"],
  X: [16, "0X"],
};

function formatInteger(verb: string, value: bigint, flags: Flags, original: unknown): string {
  if (verb === "c" || verb === "q" || verb === "U") {
    const code = value >= 0n && value <= 0x10ffffn ? Number(value) : 0xfffd;
    if (verb === "c") return pad(String.fromCodePoint(code), flags);
    if (verb === "q") return pad(goQuoteRune(code), flags);
    const hex = value
      .toString(16)
      .toUpperCase()
      .padStart(Math.max(4, flags.precision ?? 0), "0");
    const shown = flags.sharp ? ` '${String.fromCodePoint(code)}'` : "";
    return pad(`U+${hex}${shown}`, { ...flags, zero: false });
  }
  const base = bases[verb];
  if (base === undefined) return badVerb(verb, original);
  const [radix, prefix] = base;
  const magnitude = (value < 0n ? -value : value).toString(radix);
  let digits = verb === "X" ? magnitude.toUpperCase() : magnitude;
  if (flags.precision === 0 && value === 0n) return " ".repeat(flags.width ?? 0);
  const sign = value < 0n ? "-" : flags.plus ? "+" : flags.space ? " " : "";
  const mark = (flags.sharp && verb !== "v") || verb === "O" ? prefix : "";
  let least = flags.precision ?? 0;
  if (flags.precision === undefined && flags.zero && !flags.minus && flags.width !== undefined) {
    least = flags.width - sign.length;
  }
  digits = digits.padStart(least, "0");
  return pad(sign + (mark === "0" && digits.startsWith("0") ? "" : mark) + digits, { ...flags, zero: false });
}

function formatFloatVerb(verb: string, value: number, flags: Flags, original: unknown): string {
  const lower = verb === "v" ? "g" : verb.toLowerCase();
  if (!/^[veEfFgG]$/.test(verb) || (lower !== "e" && lower !== "f" && lower !== "g"))
    return badVerb(verb, original);
  const fallback = lower === "g" ? -1 : 6;
  const plain = formatFloat(value, lower, flags.precision ?? fallback);
  const text = verb === "E" || verb === "G" ? plain.toUpperCase() : plain;
  const isNumber = Number.isFinite(value);
  const negative = text.startsWith("-");
  const magnitude = text.replace(/^[+-]/, "");
  const sign = negative ? "-" : flags.plus || text.startsWith("+") ? "+" : flags.space ? " " : "";
  if (flags.zero && !flags.minus && isNumber && flags.width !== undefined) {
    return sign + magnitude.padStart(flags.width - sign.length, "0");
  }
  return pad(sign + magnitude, { ...flags, zero: false });
}
