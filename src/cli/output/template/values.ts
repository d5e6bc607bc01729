/**
 * JavaScript values as a Go template sees them. `undefined` is Go's invalid value (prints `<no value>`), `null` a
 * nil interface; numbers are `int` when whole and `float64` otherwise; plain objects are `map[string]interface {}`,
 * lists `[]interface {}`. The classes below state what plain data cannot.
 */
import { compareBytes } from "../go-json.ts";

/**
 * A Go struct: asking it for a field that it has not is an error. `typeName` is for that message. A field that is
 * a function is a method: `{{.Label "a"}}` calls it, JSON leaves it out.
 */
export class GoStruct {
  constructor(
    readonly typeName: string,
    readonly fields: Readonly<Record<string, unknown>>,
    /** Other names that a field answers to: Go's `ID` beside JSON's `Id`. */
    readonly aliases: Readonly<Record<string, string>> = {},
    /** Fields that are empty, and that JSON leaves out then (`omitempty`). */
    readonly omitted: ReadonlySet<string> = new Set(),
  ) {}

  toJSON(): unknown {
    if (this.omitted.size === 0) return this.fields;
    return Object.fromEntries(Object.entries(this.fields).filter(([name]) => !this.omitted.has(name)));
  }
}

/** One row of a list: its JSON has sorted keys and HTML escapes, as Docker's `formatter.MarshalJSON` writes it. */
export class RowStruct extends GoStruct {}

/** A typed Go map. `index` of an absent key gives `zero`, a field of an absent key `<no value>`. Null is a nil map. */
export class GoMap {
  constructor(
    readonly typeName: string,
    readonly entries: Readonly<Record<string, unknown>> | null,
    readonly zero: unknown,
  ) {}

  toJSON(): unknown {
    const { entries } = this;
    return entries === null
      ? null
      : Object.fromEntries(sortedKeys(entries).map((key) => [key, entries[key]]));
  }
}

/** A nil that has a type: a pointer prints `<nil>`, a list `[]`. */
export class TypedNil {
  constructor(
    readonly kind: "pointer" | "list",
    readonly typeName: string,
  ) {}

  toJSON(): null {
    return null;
  }
}

/** A float64 that happens to be whole, such as the literal `1.0`. */
export class GoFloat {
  constructor(readonly value: number) {}

  toJSON(): number {
    return this.value;
  }
}

export type Kind =
  | "invalid"
  | "nil"
  | "bool"
  | "int"
  | "float"
  | "string"
  | "list"
  | "map"
  | "struct"
  | "func";

export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "undefined":
      return "invalid";
    case "boolean":
      return "bool";
    case "string":
      return "string";
    case "bigint":
      return "int";
    case "number":
      return Number.isInteger(value) ? "int" : "float";
    case "object":
      if (value === null) return "nil";
      if (Array.isArray(value)) return "list";
      if (value instanceof GoStruct) return "struct";
      if (value instanceof GoFloat) return "float";
      if (value instanceof TypedNil) return value.kind === "list" ? "list" : "nil";
      return "map";
    default:
      return "func";
  }
}

/** Go's name of a value's type. */
export function typeName(value: unknown): string {
  if (value instanceof GoStruct || value instanceof GoMap || value instanceof TypedNil) return value.typeName;
  const kind = kindOf(value);
  switch (kind) {
    case "float":
      return "float64";
    case "list":
      return "[]interface {}";
    case "map":
      return "map[string]interface {}";
    case "invalid":
    case "nil":
      return "interface {}";
    default:
      return kind;
  }
}

/** The items of a list; a nil list has none. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The entries of a map; a nil map has none. */
export function entriesOf(value: unknown): Readonly<Record<string, unknown>> {
  if (value instanceof GoMap) return value.entries ?? {};
  return isPlainObject(value) ? value : {};
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys whose value is not undefined, in Go's order. */
export function sortedKeys(entries: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(entries)
    .filter((key) => entries[key] !== undefined)
    .sort(compareBytes);
}

export function hasEntry(entries: Readonly<Record<string, unknown>>, key: string): boolean {
  return Object.hasOwn(entries, key) && entries[key] !== undefined;
}

/** The number in a numeric value. */
export function numberOf(value: unknown): number | bigint {
  if (value instanceof GoFloat) return value.value;
  return typeof value === "bigint" || typeof value === "number" ? value : Number.NaN;
}

/** Go's truth: neither false, zero, nil nor empty. Structs are always true. */
export function isTrue(value: unknown): boolean {
  switch (kindOf(value)) {
    case "invalid":
    case "nil":
      return false;
    case "bool":
      return value === true;
    case "int":
    case "float":
      return Number(numberOf(value)) !== 0;
    case "string":
      return value !== "";
    case "list":
      return itemsOf(value).length > 0;
    case "map":
      return sortedKeys(entriesOf(value)).length > 0;
    default:
      return true;
  }
}
