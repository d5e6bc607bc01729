/** Go's string literals: reading them (`strconv.Unquote`) and writing them (`strconv.Quote`, printf's %q). */

const named: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

function escaped(text: string, quote: string, asciiOnly: boolean): string {
  let out = quote;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (character === quote) out += `\\${quote}`;
    else if (named[character] !== undefined) out += named[character];
    else if (code < 0x80 ? code >= 0x20 && code < 0x7f : !asciiOnly && isPrintable(character))
      out += character;
    else if (code < 0x80) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code >= 0xd800 && code < 0xe000) out += "\\ufffd";
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else out += `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return out + quote;
}

/** Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and of spaces only U+0020. */
function isPrintable(character: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);
}

/** A double-quoted Go string literal. */
export function goQuote(text: string, asciiOnly = false): string {
  return escaped(text, '"', asciiOnly);
}

/** A Go character literal in single quotes. */
export function goQuoteRune(code: number): string {
  const valid = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
  return escaped(String.fromCodePoint(valid ? code : 0xfffd), "'", false);
}

const simple: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/** The text of a literal with its quotes (`"…"` or `'…'`), or undefined when Go would refuse it. */
export function goUnquote(literal: string): string | undefined {
  const quote = literal[0]!;
  const bytes: number[] = [];
  const put = (text: string) => bytes.push(...Buffer.from(text));
  for (let i = 1; i < literal.length - 1; ) {
    const character = String.fromCodePoint(literal.codePointAt(i)!);
    if (character !== "\\") {
      put(character);
      i += character.length;
      continue;
    }
    const kind = literal[i + 1] ?? "";
    const numeric =
      /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/.exec(
        literal.slice(i + 1, i + 11),
      ) ?? undefined;
    if (numeric !== undefined) {
      const [whole, byte, short, long, octal] = numeric;
      const code =
        octal === undefined ? Number.parseInt(byte ?? short ?? long ?? "", 16) : Number.parseInt(octal, 8);
      if (byte !== undefined || octal !== undefined) {
        if (code > 0xff) return undefined;
        bytes.push(code);
      } else {
        if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
        put(String.fromCodePoint(code));
      }
      i += 1 + whole.length;
      continue;
    }
    if (kind === quote) put(quote);
    else if (simple[kind] !== undefined) put(simple[kind]);
    else return undefined;
    i += 2;
  }
  return Buffer.from(bytes).toString("utf8");
}
