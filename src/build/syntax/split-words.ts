import { isSpace, trim } from "./whitespace.ts";

/** The words of a line, quotes and escapes still in them; blanks inside quotes do not separate. */
export function splitWords(text: string, escapeToken: string): string[] {
  const characters = [...text];
  const words: string[] = [];
  let word = "";
  let quote: string | undefined;
  let started = false;
  const end = () => {
    if (started && word !== "") words.push(word);
    word = "";
    started = false;
  };
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (quote === undefined && isSpace(character)) {
      end();
      continue;
    }
    started = true;
    if (character === escapeToken && quote !== "'") {
      const next = characters[++at];
      if (next !== undefined) word += character + next;
      continue;
    }
    if (quote === undefined && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = undefined;
    word += character;
  }
  end();
  return words;
}

export interface FlagsAndRest {
  readonly flags: readonly string[];
  readonly rest: string;
}

/** Takes the leading `--flag` words off a line, up to the first other word or `--`; their quotes and escapes are resolved. */
export function takeFlags(text: string, escapeToken: string): FlagsAndRest {
  const characters = [...text];
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < characters.length && isSpace(characters[at]!)) at++;
    if (characters[at] !== "-" || characters[at + 1] !== "-") break;
    let word = "";
    let quote: string | undefined;
    for (; at < characters.length; at++) {
      const character = characters[at]!;
      if (quote === undefined && isSpace(character)) break;
      if (character === quote) quote = undefined;
      else if (quote === undefined && (character === "'" || character === '"')) quote = character;
      else if (character === escapeToken) word += characters[++at] ?? "";
      else word += character;
    }
    if (word === "--") break;
    flags.push(word);
  }
  return { flags, rest: trim(characters.slice(at).join("")) };
}
