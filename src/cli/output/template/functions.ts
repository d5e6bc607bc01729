/** What templates may call: Go's builtins and Docker's additions (docker/cli `templates`). */
import { compareBytes, goJson } from "../go-json.ts";
import { sprint, sprintf, sprintln } from "./printf.ts";
import { FunctionFault } from "./template-error.ts";
import {
  entriesOf,
  GoMap,
  hasEntry,
  isTrue,
  itemsOf,
  kindOf,
  numberOf,
  RowStruct,
  sortedKeys,
  typeName,
} from "./values.ts";

export type ParameterType = "any" | "string" | "int" | "strings";

export interface TemplateFunction {
  readonly parameters: readonly ParameterType[];
  /** The type of further arguments. */
  readonly rest?: ParameterType;
  /** Throws FunctionFault for what it refuses. Arguments have the declared types. */
  call(values: readonly unknown[]): unknown;
}

export type FunctionTable = Readonly<Record<string, TemplateFunction>>;

function define<A extends readonly unknown[]>(
  parameters: readonly ParameterType[],
  call: (...values: A) => unknown,
  rest?: ParameterType,
): TemplateFunction {
  return {
    parameters,
    ...(rest === undefined ? {} : { rest }),
    // The executor has checked the arguments against `parameters`.
    call: (values) => call(...(values as A)),
  };
}

const byteLength = (text: string) => Buffer.byteLength(text);

/** Bytes of a string, which is what Go counts. */
function sliceBytes(text: string, from: number, to: number): string {
  return Buffer.from(text).subarray(from, to).toString();
}

function length(value: unknown): number {
  switch (kindOf(value)) {
    case "string":
      return byteLength(String(value));
    case "list":
      return itemsOf(value).length;
    case "map":
      return sortedKeys(entriesOf(value)).length;
    case "nil":
    case "invalid":
      throw new FunctionFault("len of nil pointer");
    default:
      throw new FunctionFault(`len of type ${typeName(value)}`);
  }
}

function indexArgument(value: unknown, limit: number): number {
  const kind = kindOf(value);
  if (kind === "invalid" || kind === "nil") throw new FunctionFault("cannot index slice/array with nil");
  if (kind !== "int") throw new FunctionFault(`cannot index slice/array with type ${typeName(value)}`);
  const index = Number(numberOf(value));
  if (index < 0 || index > limit) throw new FunctionFault(`index out of range: ${index}`);
  return index;
}

function indexOnce(value: unknown, key: unknown): unknown {
  switch (kindOf(value)) {
    case "nil":
      if (value !== null) throw new FunctionFault("index of nil pointer");
      throw new FunctionFault("index of untyped nil");
    case "invalid":
      throw new FunctionFault("index of untyped nil");
    case "string": {
      const bytes = Buffer.from(String(value));
      return bytes[indexArgument(key, bytes.length - 1)];
    }
    case "list": {
      const items = itemsOf(value);
      return items[indexArgument(key, items.length - 1)];
    }
    case "map": {
      const kind = kindOf(key);
      if (kind === "invalid" || kind === "nil")
        throw new FunctionFault("value is nil; should be of type string");
      if (typeof key !== "string")
        throw new FunctionFault(`value has type ${typeName(key)}; should be string`);
      const entries = entriesOf(value);
      if (hasEntry(entries, key)) return entries[key];
      return value instanceof GoMap ? value.zero : undefined;
    }
    default:
      throw new FunctionFault(`can't index item of type ${typeName(value)}`);
  }
}

function slice(value: unknown, ...bounds: unknown[]): unknown {
  const kind = kindOf(value);
  if (kind === "invalid" || value === null) throw new FunctionFault("slice of untyped nil");
  if (bounds.length > 3) throw new FunctionFault(`too many slice indexes: ${bounds.length}`);
  if (kind !== "string" && kind !== "list")
    throw new FunctionFault(`can't slice item of type ${typeName(value)}`);
  if (kind === "string" && bounds.length === 3) throw new FunctionFault("cannot 3-index slice a string");
  const limit = length(value);
  const checked = bounds.map((bound) => indexArgument(bound, limit));
  const [from = 0, to = limit, capacity = limit] = checked;
  if (from > to) throw new FunctionFault(`invalid slice index: ${from} > ${to}`);
  if (to > capacity) throw new FunctionFault(`invalid slice index: ${to} > ${capacity}`);
  return kind === "string" ? sliceBytes(String(value), from, to) : itemsOf(value).slice(from, to);
}

const basicKinds = new Set(["bool", "int", "float", "string"]);

function areEqual(a: unknown, b: unknown): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  const isNil = (kind: string) => kind === "invalid" || kind === "nil";
  if (isNil(left) || isNil(right)) return isNil(left) && isNil(right);
  if (left !== right) throw new FunctionFault("incompatible types for comparison");
  for (const [value, kind] of [
    [a, left],
    [b, right],
  ] as const) {
    if (kind === "list" || kind === "map") {
      throw new FunctionFault(`non-comparable type ${sprint([value])}: ${typeName(value)}`);
    }
  }
  if (left === "int" || left === "float") return numberOf(a) <= numberOf(b) && numberOf(a) >= numberOf(b);
  return a === b;
}

function equalsAny(first: unknown, ...others: unknown[]): boolean {
  if (others.length === 0) throw new FunctionFault("missing argument for comparison");
  return others.some((other) => areEqual(first, other));
}

function isLess(a: unknown, b: unknown): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (!basicKinds.has(left) || !basicKinds.has(right)) throw new FunctionFault("invalid type for comparison");
  if (left !== right) throw new FunctionFault("incompatible types for comparison");
  if (left === "bool") throw new FunctionFault("invalid type for comparison");
  if (left === "string") return compareBytes(String(a), String(b)) < 0;
  return numberOf(a) < numberOf(b);
}

const htmlEntities: Readonly<Record<string, string>> = {
  "\0": "\ufffd",
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};

/** One string as it is, everything else as `print` writes it. */
function textOf(values: readonly unknown[]): string {
  const [only] = values;
  return values.length === 1 && typeof only === "string" ? only : sprint(values);
}

function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\u0000-\u001f]|[^\u0020-\u007e\p{L}\p{M}\p{N}\p{P}\p{S}]/gu, (character) => {
    if (character === "\\" || character === "'" || character === '"') return `\\${character}`;
    return `\\u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Every word's first letter in title case (Go's deprecated `strings.Title`, which Docker still has). */
function title(text: string): string {
  return text.replace(/(?<![\p{L}\p{Nd}_])\p{L}/gu, (letter) => letter.toUpperCase());
}

/** Spaces before and after; an empty text stays empty. */
function padText(text: string, before: number, after: number): string {
  if (text === "") return "";
  const count = (n: number) => {
    if (n < 0 || n > 1_000_000) throw new FunctionFault(`pad: ${n} is not a possible number of spaces`);
    return n;
  };
  return " ".repeat(count(before)) + text + " ".repeat(count(after));
}

function truncate(text: string, bytes: number): string {
  if (byteLength(text) < bytes) return text;
  if (bytes < 0) throw new FunctionFault(`truncate: ${bytes} is not a possible length`);
  return sliceBytes(text, 0, bytes);
}

function encodeJson(value: unknown): string {
  const isRow = value instanceof RowStruct;
  return goJson(value, { escapeHtml: isRow, sortKeys: isRow });
}

/**
 * `and`, `or` and `call` are here for their number of arguments: the executor stops early in the first two, and
 * data has no functions, so that it refuses the third.
 */
export const functions: FunctionTable = {
  and: define(["any"], (first: unknown) => first, "any"),
  or: define(["any"], (first: unknown) => first, "any"),
  not: define(["any"], (value: unknown) => !isTrue(value)),
  call: define(["any"], () => undefined, "any"),
  eq: define(["any"], equalsAny, "any"),
  ne: define(["any", "any"], (a: unknown, b: unknown) => !areEqual(a, b)),
  lt: define(["any", "any"], isLess),
  le: define(["any", "any"], (a: unknown, b: unknown) => isLess(a, b) || areEqual(a, b)),
  gt: define(["any", "any"], (a: unknown, b: unknown) => isLess(b, a)),
  ge: define(["any", "any"], (a: unknown, b: unknown) => isLess(b, a) || areEqual(a, b)),
  len: define(["any"], length),
  index: define(["any"], (value: unknown, ...keys: unknown[]) => keys.reduce(indexOnce, value), "any"),
  slice: define(["any"], slice, "any"),
  print: define([], (...values: unknown[]) => sprint(values), "any"),
  println: define([], (...values: unknown[]) => sprintln(values), "any"),
  printf: define(["string"], (format: string, ...values: unknown[]) => sprintf(format, values), "any"),
  html: define(
    [],
    (...values: unknown[]) => textOf(values).replace(/[\0"'&<>]/g, (c) => htmlEntities[c]!),
    "any",
  ),
  js: define([], (...values: unknown[]) => escapeJs(textOf(values)), "any"),
  urlquery: define([], (...values: unknown[]) => queryEscape(textOf(values)), "any"),
  json: define(["any"], encodeJson),
  split: define(["string", "string"], (text: string, separator: string) =>
    separator === "" ? [...text] : text.split(separator),
  ),
  join: define(["strings", "string"], (items: readonly string[], separator: string) => items.join(separator)),
  title: define(["string"], title),
  lower: define(["string"], (text: string) => text.toLowerCase()),
  upper: define(["string"], (text: string) => text.toUpperCase()),
  pad: define(["string", "int", "int"], padText),
  truncate: define(["string", "int"], truncate),
};

/** In the header row of a table these return the header as it is, so that `{{json .ID}}` is headed `ID`. */
export const headerFunctions: FunctionTable = {
  ...functions,
  json: define(["string"], (text: string) => text),
  split: define(["string", "string"], (text: string) => text),
  join: define(["string", "string"], (text: string) => text),
  title: define(["string"], (text: string) => text),
  lower: define(["string"], (text: string) => text),
  upper: define(["string"], (text: string) => text),
  truncate: define(["string", "int"], (text: string) => text),
};
