import { BerthError } from "./errors.ts";

/** A part of a pattern: any number of characters but slashes, any at all, nothing or whole directories, or one character. */
export type PathPiece =
  | { readonly kind: "star" | "any" | "directories" }
  | { readonly kind: "one"; readonly accepts: (character: string) => boolean };

function malformed(pattern: string): BerthError {
  return new BerthError("invalid-argument", `syntax error in pattern: ${pattern}`);
}

/** The characters of a class from the one after `[`, and the index after its `]`. */
function parseClass(
  characters: readonly string[],
  from: number,
  pattern: string,
  ordered: boolean,
): [PathPiece, number] {
  let at = from;
  const negated = characters[at] === "^";
  if (negated) at++;
  const ranges: [string, string][] = [];
  const next = (): string => {
    let character = characters[at];
    if (character === undefined || character === "-" || character === "]") throw malformed(pattern);
    if (character === "\\") character = characters[++at];
    if (character === undefined) throw malformed(pattern);
    at++;
    return character;
  };
  while (characters[at] !== "]" || ranges.length === 0) {
    const low = next();
    let high = low;
    if (characters[at] === "-") {
      at++;
      high = next();
      if (ordered && low > high) throw malformed(pattern);
    }
    ranges.push([low, high]);
  }
  const accepts = (character: string) =>
    ranges.some(([low, high]) => low <= character && character <= high) !== negated;
  return [{ kind: "one", accepts }, at + 1];
}

/** Takes a pattern of Go's `path.Match` apart; with `doubleStars` as .dockerignore has them: `**`, and no `[z-a]`. Throws `invalid-argument`. */
export function parsePathPattern(pattern: string, doubleStars = false): PathPiece[] {
  const characters = [...pattern];
  const pieces: PathPiece[] = [];
  for (let at = 0; at < characters.length; ) {
    const character = characters[at++]!;
    if (character === "*" && doubleStars && characters[at] === "*") {
      at++;
      if (characters[at] === "/") at++;
      pieces.push({ kind: at === characters.length ? "any" : "directories" });
    } else if (character === "*") {
      pieces.push({ kind: "star" });
    } else if (character === "?") {
      pieces.push({ kind: "one", accepts: (other) => other !== "/" });
    } else if (character === "[") {
      const [piece, after] = parseClass(characters, at, pattern, doubleStars);
      pieces.push(piece);
      at = after;
    } else {
      const literal = character === "\\" ? characters[at++] : character;
      if (literal === undefined) throw malformed(pattern);
      pieces.push({ kind: "one", accepts: (other) => other === literal });
    }
  }
  return pieces;
}

/**
 * Whether the pieces match the whole path or, with `orParent`, a directory above it. Time is linear in path × pieces:
 * all that may come next is followed at once. A state is twice the index of the piece that comes next, and one more
 * inside of the directories of a `**`.
 */
export function matchesPath(pieces: readonly PathPiece[], path: string, orParent = false): boolean {
  const accepted = 2 * pieces.length;
  let states = new Uint8Array(accepted + 1);
  let following = new Uint8Array(accepted + 1);
  enter(states, pieces, 0);
  for (const character of path) {
    if (orParent && character === "/" && states[accepted] === 1) return true;
    following.fill(0);
    for (const [index, piece] of pieces.entries()) {
      if (states[2 * index + 1] === 1) insideDirectories(following, pieces, index, character);
      if (states[2 * index] === 0) continue;
      if (piece.kind === "directories") insideDirectories(following, pieces, index, character);
      else if (piece.kind === "one") {
        if (piece.accepts(character)) enter(following, pieces, index + 1);
      } else if (piece.kind === "any" || character !== "/") enter(following, pieces, index);
    }
    [states, following] = [following, states];
  }
  return states[accepted] === 1;
}

/** Adds a state, and those after pieces that may match nothing. */
function enter(states: Uint8Array, pieces: readonly PathPiece[], from: number): void {
  for (let index = from; states[2 * index] === 0; index++) {
    states[2 * index] = 1;
    const kind = pieces[index]?.kind;
    if (kind === undefined || kind === "one") return;
  }
}

function insideDirectories(
  states: Uint8Array,
  pieces: readonly PathPiece[],
  index: number,
  character: string,
): void {
  states[2 * index + 1] = 1;
  if (character === "/") enter(states, pieces, index + 1);
}

/**
 * A matcher for Go's `path.Match` patterns: `*` and `?` stop at slashes, classes with `^` and ranges, `\` takes the next
 * character literally; the whole text must match. Time is linear in text × pattern. Throws `invalid-argument`.
 */
export function pathMatcher(pattern: string): (text: string) => boolean {
  const pieces = parsePathPattern(pattern);
  return (text) => matchesPath(pieces, text);
}
