/** What Go's `unicode.IsSpace` takes for white space; JavaScript's `\s` has U+FEFF more and U+0085 less. */
const space = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const leading = new RegExp(`^${space.source}+`);

export function isSpace(character: string): boolean {
  return space.test(character);
}

export function trimStart(text: string): string {
  return text.replace(leading, "");
}

export function trim(text: string): string {
  return trimStart(trimEnd(text, isSpace));
}

/** `text` without the characters at its end that are to go. (A regular expression would take quadratic time.) */
export function trimEnd(text: string, goes: (character: string) => boolean): string {
  let end = text.length;
  while (end > 0 && goes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** Splits at the first run of blanks; undefined when there is none. */
export function cutAtBlanks(text: string): [before: string, after: string] | undefined {
  const match = /[\t\v\f\r ]+/.exec(text);
  return match === null ? undefined : [text.slice(0, match.index), text.slice(match.index + match[0].length)];
}

export function splitAtBlanks(text: string): string[] {
  return text.split(/[\t\v\f\r ]+/);
}
