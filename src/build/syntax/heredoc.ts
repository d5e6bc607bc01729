import { expand } from "../shell/expand.ts";
import type { HeredocMark } from "./types.ts";

const nothing = () => undefined;
const quotes = (text: string) => text.replace(/[^'"]/g, "").length;

/** `<<EOF`, `<<-EOF`, `<<"EOF"`; undefined when the word is nothing of that kind. */
export function parseHeredocMark(word: string): HeredocMark | undefined {
  const match = /^\d*<<(-?)\s*([^<]+)$/.exec(word);
  if (match === null) return undefined;
  const [name, another] = expand(match[2]!, nothing, { keepUnset: true }).words;
  if (name === undefined || another !== undefined) return undefined;
  const [raw] = expand(match[2]!, nothing, { keepUnset: true, rawQuotes: true }).words;
  return { name, expands: quotes(name) === quotes(raw ?? ""), chomps: match[1] === "-" };
}

/** The heredocs that a line announces, in order. */
export function heredocMarks(line: string): HeredocMark[] {
  let words: readonly string[];
  try {
    words = expand(line, nothing, { rawQuotes: true, rawEscapes: true, keepUnset: true }).words;
  } catch {
    return []; // a shell may read what we do not
  }
  return words.flatMap((word) => parseHeredocMark(word) ?? []);
}

/** The content of a `<<-` heredoc. */
export function chomp(content: string): string {
  return content.replace(/^\t+/gm, "");
}
