import { DockerfileError } from "../dockerfile-error.ts";

type Piece =
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "char"; readonly char: string };

/** Which characters of the subject a pattern matches: from `start` up to `end`. */
interface Match {
  readonly start: number;
  readonly end: number;
}

/**
 * A pattern of `${name#pattern}` and its kin: `?` is one character, `*` any number, neither crosses a line; a
 * backslash makes `*`, `?` and itself literal, and is dropped before `}` and `/`. Time is linear in subject × pattern.
 */
export function parsePattern(pattern: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < pattern.length; at++) {
    let char = pattern[at]!;
    if (char === "*") pieces.push({ kind: "any" });
    else if (char === "?") pieces.push({ kind: "one" });
    else {
      if (char === "\\") {
        char = pattern[++at] ?? "";
        if (!["*", "?", "\\", "}", "/"].includes(char))
          throw new DockerfileError(
            `invalid pattern (${pattern.join("")}) in substitution: invalid escape '\\${char}'`,
          );
      }
      pieces.push({ kind: "char", char });
    }
  }
  return pieces;
}

/** `subject` without the shortest or longest prefix that matches. */
export function trimPrefix(pieces: readonly Piece[], subject: readonly string[], longest: boolean): string[] {
  const match = find(pieces, subject, { from: 0, anchored: true, longest });
  return subject.slice(match?.end ?? 0);
}

/** `subject` without the shortest or longest suffix that matches. */
export function trimSuffix(pieces: readonly Piece[], subject: readonly string[], longest: boolean): string[] {
  return trimPrefix(pieces.toReversed(), subject.toReversed(), longest).toReversed();
}

/** Puts `replacement` for the first match, or for all. An empty match right after another one does not count. */
export function replace(
  pieces: readonly Piece[],
  subject: readonly string[],
  replacement: string,
  all: boolean,
): string {
  let result = "";
  let copied = 0;
  let lastEnd = -1;
  for (let from = 0; from <= subject.length; ) {
    const match = find(pieces, subject, { from, anchored: false, longest: true });
    if (match === undefined) break;
    if (match.start === match.end && match.start === lastEnd) {
      from = match.end + 1;
      continue;
    }
    result += subject.slice(copied, match.start).join("") + replacement;
    copied = match.end;
    lastEnd = match.end;
    from = match.end === match.start ? match.end + 1 : match.end;
    if (!all) break;
  }
  return result + subject.slice(copied).join("");
}

/** The leftmost match, and of those the shortest or the longest. Each state carries the start of its leftmost thread. */
function find(
  pieces: readonly Piece[],
  subject: readonly string[],
  { from, anchored, longest }: { from: number; anchored: boolean; longest: boolean },
): Match | undefined {
  let states: (number | undefined)[] = [];
  let found: Match | undefined;
  const enter = (into: (number | undefined)[], state: number, start: number) => {
    for (let at = state; ; at++) {
      const known = into[at];
      if (known === undefined || start < known) into[at] = start;
      if (pieces[at]?.kind !== "any") return;
    }
  };
  for (let at = from; ; at++) {
    if (found === undefined && (!anchored || at === from)) enter(states, 0, at);
    const start = states[pieces.length];
    if (start !== undefined && (found === undefined || start <= found.start)) {
      found = { start, end: at };
      if (!longest) return found;
    }
    const character = subject[at];
    if (character === undefined) return found;
    const following: (number | undefined)[] = [];
    let alive = false;
    states.forEach((thread, state) => {
      const piece = pieces[state];
      if (thread === undefined || piece === undefined || (found !== undefined && thread > found.start))
        return;
      const accepted = piece.kind === "char" ? piece.char === character : character !== "\n";
      if (!accepted) return;
      alive = true;
      enter(following, piece.kind === "any" ? state : state + 1, thread);
    });
    if (!alive && (anchored || found !== undefined)) return found;
    states = following;
  }
}
