import { DockerfileError } from "../dockerfile-error.ts";
import { isSpace } from "../syntax/whitespace.ts";
import { parsePattern, replace, trimPrefix, trimSuffix } from "./pattern.ts";

export type Lookup = (name: string) => string | undefined;

export interface ExpandOptions {
  /** `\` unless the Dockerfile says otherwise by its `escape` directive. */
  readonly escapeToken?: string;
  /** Quotes stay in the result. */
  readonly rawQuotes?: boolean;
  /** Escape characters stay in the result. */
  readonly rawEscapes?: boolean;
  /** Quotes are ordinary characters, as in the body of a heredoc. */
  readonly plainQuotes?: boolean;
  /** A variable that is not set stays as it is written. */
  readonly keepUnset?: boolean;
}

export interface Expansion {
  readonly text: string;
  /** The text split at the blanks that are not quoted, those of expanded variables included. */
  readonly words: readonly string[];
  /** Names of the variables that were looked for: those that are set, and those that are not. */
  readonly matched: ReadonlySet<string>;
  readonly unmatched: ReadonlySet<string>;
}

/** `${a:-${b:-…}}` deeper than this is refused: it is no Dockerfile, and it would end in our own stack. */
const maximumDepth = 200;

/**
 * Expands a word of a Dockerfile as BuildKit's shell lexer does: quotes, escapes, `$name` and `${name…}` with the operators
 * `- + ? :- :+ :? # ## % %% / //`. Throws DockerfileError.
 */
export function expand(word: string, lookup: Lookup, options: ExpandOptions = {}): Expansion {
  const expander = new Expander(word, lookup, options);
  try {
    const { text, words } = expander.until(undefined, options.rawEscapes ?? false);
    return { text, words, matched: expander.matched, unmatched: expander.unmatched };
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    const shown = word.length > 200 ? `${word.slice(0, 200)}…` : word;
    throw new DockerfileError(`failed to process ${JSON.stringify(shown)}: ${error.message}`);
  }
}

/** Collects characters, and at the same time the words that they make. */
class Words {
  readonly words: string[] = [];
  #word = "";

  char(character: string): void {
    if (!isSpace(character)) this.#word += character;
    else this.#end();
  }

  raw(text: string): void {
    this.#word += text;
  }

  finished(): string[] {
    this.#end();
    return this.words;
  }

  #end(): void {
    if (this.#word !== "") this.words.push(this.#word);
    this.#word = "";
  }
}

class Expander {
  readonly matched = new Set<string>();
  readonly unmatched = new Set<string>();
  readonly #characters: readonly string[];
  readonly #lookup: Lookup;
  readonly #options: ExpandOptions;
  readonly #escapeToken: string;
  #at = 0;
  #depth = 0;
  #rawEscapes = false;

  constructor(word: string, lookup: Lookup, options: ExpandOptions) {
    this.#characters = [...word];
    this.#lookup = lookup;
    this.#options = options;
    this.#escapeToken = options.escapeToken ?? "\\";
  }

  get #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(): string | undefined {
    return this.#characters[this.#at++];
  }

  /** Reads to `stop`, which is taken, too; undefined is the end. */
  until(stop: string | undefined, rawEscapes: boolean): { text: string; words: string[] } {
    if (++this.#depth > maximumDepth) throw new DockerfileError("substitutions are nested too deep");
    const outer = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    try {
      return this.#read(stop);
    } finally {
      this.#rawEscapes = outer;
      this.#depth--;
    }
  }

  #read(stop: string | undefined): { text: string; words: string[] } {
    const words = new Words();
    let text = "";
    for (let character = this.#next; character !== undefined; character = this.#next) {
      if (character === stop) {
        this.#at++;
        return { text, words: words.finished() };
      }
      const special = this.#special(character);
      if (special !== undefined) {
        text += special;
        if (character === "$") for (const each of special) words.char(each);
        else words.raw(special);
        continue;
      }
      this.#at++;
      if (character !== this.#escapeToken) {
        text += character;
        words.char(character);
        continue;
      }
      const escaped = this.#take() ?? "";
      const kept = this.#rawEscapes ? character + escaped : escaped;
      text += kept;
      words.raw(kept);
    }
    if (stop !== undefined)
      throw new DockerfileError(`unexpected end of statement while looking for matching ${stop}`);
    return { text, words: words.finished() };
  }

  #special(character: string): string | undefined {
    if (character === "$") return this.#dollar();
    if (character === "<") return this.#heredocMark();
    if (this.#options.plainQuotes) return undefined;
    if (character === "'") return this.#singleQuoted();
    if (character === '"') return this.#doubleQuoted();
    return undefined;
  }

  #singleQuoted(): string {
    const end = this.#characters.indexOf("'", this.#at + 1);
    if (end === -1)
      throw new DockerfileError("unexpected end of statement while looking for matching single-quote");
    const inside = this.#characters.slice(this.#at + 1, end).join("");
    this.#at = end + 1;
    return this.#options.rawQuotes ? `'${inside}'` : inside;
  }

  #doubleQuoted(): string {
    this.#at++;
    let text = "";
    for (let character = this.#next; character !== undefined; character = this.#next) {
      if (character === "$") {
        text += this.#dollar();
        continue;
      }
      this.#at++;
      if (character === '"') return this.#options.rawQuotes ? `"${text}"` : text;
      if (character === this.#escapeToken) {
        if (this.#rawEscapes) text += character;
        const next = this.#next;
        if (next === undefined) break;
        if (next === '"' || next === "$" || next === this.#escapeToken) {
          this.#at++;
          text += next;
          continue;
        }
        if (this.#rawEscapes) continue;
      }
      text += character;
    }
    throw new DockerfileError("unexpected end of statement while looking for matching double-quote");
  }

  /** `<<` and the blanks after it belong to the word that follows. */
  #heredocMark(): string {
    this.#at++;
    if (this.#next !== "<") return "<";
    this.#at++;
    return `<<${this.#run(/[ \t\r]/)}`;
  }

  #dollar(): string {
    this.#at++;
    if (this.#next !== "{") {
      const name = this.#name();
      if (name === "") return "$";
      return this.#value(name) ?? (this.#options.keepUnset ? `$${name}` : "");
    }
    this.#at++;
    const first = this.#next;
    if (first === undefined) throw missing("}");
    if (first === "{" || first === "}" || first === ":")
      throw new DockerfileError("syntax error: bad substitution");
    const name = this.#name();
    const operator = this.#take();
    switch (operator) {
      case "}":
        return this.#value(name) ?? (this.#options.keepUnset ? `\${${name}}` : "");
      case ":": {
        const second = this.#take() ?? "";
        if (second !== "-" && second !== "+" && second !== "?") throw unsupported(`:${second}`);
        return this.#conditional(name, second, true);
      }
      case "-":
      case "+":
      case "?":
        return this.#conditional(name, operator, false);
      case "#":
      case "%":
        return this.#trimmed(name, operator);
      case "/":
        return this.#replaced(name);
      default:
        throw unsupported(operator ?? "");
    }
  }

  #conditional(name: string, operator: "-" | "+" | "?", nullIsUnset: boolean): string {
    const word = this.#operand("}", false);
    const value = this.#value(name);
    if (value === undefined && this.#options.keepUnset)
      return `\${${name}${nullIsUnset ? ":" : ""}${operator}${word}}`;
    const counts = value !== undefined && !(nullIsUnset && value === "");
    if (operator === "-") return counts ? value : word;
    if (operator === "+") return counts ? word : "";
    if (counts) return value;
    const problem = value === undefined ? "unset" : "empty";
    throw new DockerfileError(`${name}: ${word === "" ? `is not allowed to be ${problem}` : word}`);
  }

  #trimmed(name: string, operator: "#" | "%"): string {
    const word = this.#operand("}", true);
    const value = this.#value(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}${operator}${word}}`;
    const longest = word.startsWith(operator);
    const pieces = parsePattern([...(longest ? word.slice(1) : word)]);
    const trim = operator === "#" ? trimPrefix : trimSuffix;
    return trim(pieces, [...(value ?? "")], longest).join("");
  }

  #replaced(name: string): string {
    const all = this.#next === "/";
    if (all) this.#at++;
    const pattern = this.#operand("/", true);
    const replacement = this.#operand("}", true);
    const value = this.#value(name);
    if (value === undefined && this.#options.keepUnset)
      return `\${${name}/${all ? "/" : ""}${pattern}/${replacement}}`;
    return replace(parsePattern([...pattern]), [...(value ?? "")], replacement, all);
  }

  #operand(stop: "}" | "/", rawEscapes: boolean): string {
    try {
      return this.until(stop, rawEscapes).text;
    } catch (error) {
      if (this.#next === undefined) throw missing(stop);
      throw error;
    }
  }

  /** A name, a number or one of the special parameters; empty when there is none. */
  #name(): string {
    const first = this.#next;
    if (first === undefined) return "";
    if (/\p{Nd}/u.test(first)) return this.#run(/\p{Nd}/u);
    if ("@*#?-$!".includes(first)) return this.#take()!;
    return this.#run(/[\p{L}\p{Nd}_]/u);
  }

  #run(accepted: RegExp): string {
    let text = "";
    while (this.#next !== undefined && accepted.test(this.#next)) text += this.#take();
    return text;
  }

  #value(name: string): string | undefined {
    const value = this.#lookup(name);
    (value === undefined ? this.unmatched : this.matched).add(name);
    return value;
  }
}

function missing(what: "}" | "/"): DockerfileError {
  return new DockerfileError(`syntax error: missing '${what}'${what === "/" ? " in ${}" : ""}`);
}

function unsupported(modifier: string): DockerfileError {
  return new DockerfileError(`unsupported modifier (${modifier}) in substitution`);
}
