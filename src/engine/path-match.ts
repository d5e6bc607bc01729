import { BerthError } from "../base/errors.ts";

type Piece =
  | { readonly kind: "star" }
  | { readonly kind: "one"; readonly accepts: (character: string) => boolean };

function malformed(pattern: string): BerthError {
  return new BerthError("invalid-argument", `syntax error in pattern: ${pattern}`);
}

/** The characters of a class from the one after `[`, and the index after its `]`. */
function parseClass(characters: readonly string[], from: number, pattern: string): [Piece, number] {
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
    }
    ranges.push([low, high]);
  }
  const accepts = (character: string) =>
    ranges.some(([low, high]) => low <= character && character <= high) !== negated;
  return [{ kind: "one", accepts }, at + 1];
}

function parse(pattern: string): Piece[] {
  const characters = [...pattern];
  const pieces: Piece[] = [];
  for (let at = 0; at < characters.length; ) {
    const character = characters[at++]!;
    if (character === "*") {
      pieces.push({ kind: "star" });
    } else if (character === "?") {
      pieces.push({ kind: "one", accepts: (other) => other !== "/" });
    } else if (character === "[") {
      const [piece, after] = parseClass(characters, at, pattern);
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
 * A matcher for Go's `path.Match` patterns: `*` and `?` stop at slashes, classes with `^` and ranges, `\` takes the next
 * character literally; the whole text must match. Time is linear in text × pattern. Throws `invalid-argument`.
 */
export function pathMatcher(pattern: string): (text: string) => boolean {
  const pieces = parse(pattern);
  return (text) => {
    let states = closure(new Set([0]), pieces);
    for (const character of text) {
      const following = new Set<number>();
      for (const state of states) {
        const piece = pieces[state];
        if (piece === undefined) continue;
        if (piece.kind === "one") {
          if (piece.accepts(character)) following.add(state + 1);
        } else if (character !== "/") {
          following.add(state);
        }
      }
      states = closure(following, pieces);
      if (states.size === 0) return false;
    }
    return states.has(pieces.length);
  };
}

/** Adds the states after each star: it may match nothing. */
function closure(states: Set<number>, pieces: readonly Piece[]): Set<number> {
  for (const state of states) if (pieces[state]?.kind === "star") states.add(state + 1);
  return states;
}
