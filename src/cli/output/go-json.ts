/** JSON as Go's encoding/json writes it. */
export interface GoJsonOptions {
  /** `<`, `>` and `&` as `\u003c`, `\u003e`, `\u0026`, as Go does unless it is told otherwise. Default true. */
  readonly escapeHtml?: boolean;
  /** What one level is indented by; empty for one line. */
  readonly indent?: string;
  /** Map keys in byte order, as Go encodes maps; without it the order of the object. */
  readonly sortKeys?: boolean;
}

const always: Readonly<Record<string, string>> = { "\u2028": "\\u2028", "\u2029": "\\u2029" };
const html: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026", ...always };

const controls = /[\u007f-\u009f]/g;
const escapeUnit = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Encodes plain data; fields that are undefined are left out, unpaired surrogates become U+FFFD. DEL and the C1 controls
 * are escaped, which means the same to a program and nothing to a terminal; Go leaves them as they are.
 */
export function goJson(value: unknown, options: GoJsonOptions = {}): string {
  const { escapeHtml = true, indent = "", sortKeys = false } = options;
  const text = JSON.stringify(value, (_, item) => prepare(item, sortKeys), indent) ?? "null";
  // These characters occur only inside of strings, so that a replacement in the text is one in the strings.
  return (
    escapeHtml
      ? text.replace(/[<>&\u2028\u2029]/g, (character) => html[character]!)
      : text.replace(/[\u2028\u2029]/g, (character) => always[character]!)
  ).replace(controls, escapeUnit);
}

function prepare(item: unknown, sortKeys: boolean): unknown {
  if (typeof item === "string") return item.toWellFormed();
  if (typeof item === "bigint") return Number(item);
  if (sortKeys && typeof item === "object" && item !== null && !Array.isArray(item)) {
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => compareBytes(a, b)));
  }
  return item;
}

/** Go's order of strings: by UTF-8 bytes, which is the order of code points. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
