/** Template text → tokens, by the rules of Go's text/template/parse. */
import { goQuote } from "./quote.ts";

export type TokenKind =
  | "text"
  | "left" // {{
  | "right" // }}
  | "space"
  | "string"
  | "raw-string"
  | "char"
  | "number"
  | "identifier"
  | "keyword"
  | "bool"
  | "nil"
  | "dot"
  | "field"
  | "variable"
  | "declare" // :=
  | "assign" // =
  | "pipe"
  | "open"
  | "close"
  | "comma"
  | "other" // a character that begins nothing
  | "eof"
  | "error";

export interface Token {
  readonly kind: TokenKind;
  /** As it is written; the message for `error`. */
  readonly text: string;
  /** Index of its first character in the template. */
  readonly offset: number;
}

const keywords = new Set([
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "range",
  "template",
  "with",
]);

const spaces = " \t\r\n";
const word = /[\p{L}\p{Nd}_]+/uy;
const numeric =
  /[+-]?(?:0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*)(?:\.[0-9a-fA-F_]*)?(?:[eEpP][+-]?[0-9_]*)?/y;

/** All tokens up to the end or to the first error, which is then the last token. */
export function tokenize(source: string): Token[] {
  const lexer = new Lexer(source);
  lexer.run();
  return lexer.tokens;
}

class Lexer {
  readonly tokens: Token[] = [];
  private position = 0;
  private depth = 0;

  constructor(private readonly source: string) {}

  run(): void {
    const { source } = this;
    let trimNext = false;
    for (;;) {
      const open = source.indexOf("{{", this.position);
      const end = open === -1 ? source.length : open;
      const trimLeft = open !== -1 && source[open + 2] === "-" && this.isSpace(open + 3);
      let text = source.slice(this.position, end);
      let offset = this.position;
      if (trimNext) {
        const kept = trimStart(text);
        offset += text.length - kept.length;
        text = kept;
      }
      if (trimLeft) text = trimEnd(text);
      if (text !== "") this.tokens.push({ kind: "text", text, offset });
      if (open === -1) {
        this.tokens.push({ kind: "eof", text: "", offset: source.length });
        return;
      }
      this.position = open + 2 + (trimLeft ? 2 : 0);
      const after = source.startsWith("/*", this.position) ? this.comment() : this.action(open);
      if (after === undefined) return;
      trimNext = after.trim;
    }
  }

  private isSpace(index: number): boolean {
    const character = this.source[index];
    return character !== undefined && spaces.includes(character);
  }

  private fail(message: string, offset = this.position): undefined {
    this.tokens.push({ kind: "error", text: message, offset });
    return undefined;
  }

  private emit(kind: TokenKind, end: number): void {
    this.tokens.push({ kind, text: this.source.slice(this.position, end), offset: this.position });
    this.position = end;
  }

  /** `}}` or ` -}}` at the position. */
  private closing(): { length: number; trim: boolean } | undefined {
    if (this.isSpace(this.position) && this.source.startsWith("-}}", this.position + 1)) {
      return { length: 4, trim: true };
    }
    return this.source.startsWith("}}", this.position) ? { length: 2, trim: false } : undefined;
  }

  private comment(): { trim: boolean } | undefined {
    const end = this.source.indexOf("*/", this.position + 2);
    if (end === -1) return this.fail("unclosed comment");
    this.position = end + 2;
    const closing = this.closing();
    if (closing === undefined) return this.fail("comment ends before closing delimiter");
    this.position += closing.length;
    return { trim: closing.trim };
  }

  private action(open: number): { trim: boolean } | undefined {
    this.tokens.push({ kind: "left", text: "{{", offset: open });
    this.depth = 0;
    for (;;) {
      const closing = this.closing();
      if (closing !== undefined) {
        if (this.depth > 0) return this.fail("unclosed left paren");
        this.tokens.push({ kind: "right", text: "}}", offset: this.position });
        this.position += closing.length;
        return { trim: closing.trim };
      }
      if (!this.inside()) return undefined;
    }
  }

  /** One token of an action; false after an error. */
  private inside(): boolean {
    const { source, position } = this;
    const character = source[position];
    const next = source[position + 1] ?? "";
    if (character === undefined) return this.refuse("unclosed action");
    if (spaces.includes(character)) {
      let end = position;
      // A space before -}} belongs to the trim marker.
      while (this.isSpace(end) && !(end > position && source.startsWith("-}}", end + 1))) end++;
      this.emit("space", end);
      return true;
    }
    switch (character) {
      case "=":
        this.emit("assign", position + 1);
        return true;
      case ":":
        if (next !== "=") return this.refuse("expected :=");
        this.emit("declare", position + 2);
        return true;
      case "|":
        this.emit("pipe", position + 1);
        return true;
      case ",":
        this.emit("comma", position + 1);
        return true;
      case "(":
        this.depth++;
        this.emit("open", position + 1);
        return true;
      case ")":
        if (--this.depth < 0) return this.refuse("unexpected right paren");
        this.emit("close", position + 1);
        return true;
      case '"':
        return this.quoted('"', "string", "unterminated quoted string");
      case "'":
        return this.quoted("'", "char", "unterminated character constant");
      case "`": {
        const end = source.indexOf("`", position + 1);
        if (end === -1) return this.refuse("unterminated raw quoted string");
        this.emit("raw-string", end + 1);
        return true;
      }
      case ".":
        if (!/[0-9]/.test(next)) return this.name("field", position + 1);
        return this.number();
      case "$":
        return this.name("variable", position + 1);
      default:
        if (/[+\-0-9]/.test(character)) return this.number();
        return this.identifier();
    }
  }

  private refuse(message: string): false {
    this.fail(message);
    return false;
  }

  private quoted(quote: string, kind: "string" | "char", unterminated: string): boolean {
    const { source, position } = this;
    for (let end = position + 1; end < source.length && source[end] !== "\n"; end++) {
      if (source[end] === "\\" && end + 1 < source.length && source[end + 1] !== "\n") end++;
      else if (source[end] === quote) {
        this.emit(kind, end + 1);
        return true;
      }
    }
    return this.refuse(unterminated);
  }

  private wordEnd(start: number): number {
    word.lastIndex = start;
    return word.test(this.source) ? word.lastIndex : start;
  }

  /** What may follow a word, so that `.a$b` is an error and not two operands. */
  private isTerminated(end: number): boolean {
    const character = this.source[end];
    if (character === undefined || this.isSpace(end)) return true;
    return ".,|:()".includes(character) || this.source.startsWith("}}", end);
  }

  private badCharacter(index: number): false {
    const code = this.source.codePointAt(index) ?? 0;
    const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    const shown = code >= 0x20 && code !== 0x7f ? ` '${String.fromCodePoint(code)}'` : "";
    return this.refuse(`bad character ${name}${shown}`);
  }

  private name(kind: "field" | "variable", start: number): boolean {
    const end = this.wordEnd(start);
    if (end === start && kind === "field") {
      if (!this.isTerminated(end)) return this.badCharacter(end);
      this.emit("dot", end);
      return true;
    }
    if (!this.isTerminated(end)) return this.badCharacter(end);
    this.emit(kind, end);
    return true;
  }

  private identifier(): boolean {
    const { source, position } = this;
    const end = this.wordEnd(position);
    if (end === position && /[!-~]/.test(source[position]!)) {
      this.emit("other", position + 1);
      return true;
    }
    if (end === position) {
      const code = source.codePointAt(position) ?? 0;
      const shown = code >= 0x20 && code !== 0x7f ? ` '${String.fromCodePoint(code)}'` : "";
      const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
      return this.refuse(`unrecognized character in action: ${name}${shown}`);
    }
    if (!this.isTerminated(end)) return this.badCharacter(end);
    const text = source.slice(position, end);
    if (keywords.has(text)) this.emit("keyword", end);
    else if (text === "true" || text === "false") this.emit("bool", end);
    else this.emit(text === "nil" ? "nil" : "identifier", end);
    return true;
  }

  private number(): boolean {
    const { source, position } = this;
    numeric.lastIndex = position;
    numeric.test(source);
    const end = Math.max(numeric.lastIndex, position + 1);
    const tail = this.wordEnd(end);
    // A second sign would begin the other half of a complex number, which no data here has.
    const second = tail === end && /[+-]/.test(source[end] ?? "") && /[0-9.]/.test(source[position]!);
    if (tail > end || second) {
      return this.refuse(`bad number syntax: ${goQuote(source.slice(position, end + 1))}`);
    }
    this.emit("number", end);
    return true;
  }
}

function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && spaces.includes(text[start]!)) start++;
  return text.slice(start);
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && spaces.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}
