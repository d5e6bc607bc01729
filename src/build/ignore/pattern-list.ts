import { matchesPath, type PathPiece, parsePathPattern } from "../../base/path-match.ts";
import { DockerfileError } from "../dockerfile-error.ts";
import { trim } from "../syntax/whitespace.ts";
import { cleanPath } from "./clean-path.ts";

interface Pattern {
  /** `!pattern`: what matches is not ignored after all. */
  readonly exception: boolean;
  readonly text: string;
  matches(path: string): boolean;
}

/**
 * The patterns of a .dockerignore file or of `--exclude`, with moby's rules: the last one that matches a path, or a
 * directory above it, decides. Matching takes time linear in the path. Throws for a malformed pattern.
 */
export class PatternList {
  readonly #patterns: readonly Pattern[];

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.flatMap((text) => (trim(text) === "" ? [] : parse(cleanPath(trim(text)))));
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /** Whether some patterns bring back what others ignore. */
  get hasExceptions(): boolean {
    return this.#patterns.some(({ exception }) => exception);
  }

  /** Whether a pattern ignores everything there is. */
  get ignoresAll(): boolean {
    return this.#patterns.some(({ exception, text }) => !exception && ["*", "**", "**/*"].includes(text));
  }

  /** `path` is relative and clean. */
  ignores(path: string): boolean {
    let ignored = false;
    for (const pattern of this.#patterns)
      if (pattern.exception === ignored && pattern.matches(path)) ignored = !pattern.exception;
    return ignored;
  }

  /** Whether an exception may bring back something below an ignored directory. */
  mayReturnBelow(directory: string): boolean {
    return this.#patterns.some(({ exception, text }) => {
      if (!exception) return false;
      const literal = text.slice(0, text.search(/[*?[\\]|$/));
      return literal.length < text.length
        ? `${directory}/`.startsWith(literal) || literal.startsWith(`${directory}/`)
        : text.startsWith(`${directory}/`);
    });
  }
}

function parse(text: string): Pattern {
  if (text === "!") throw new DockerfileError('illegal exclusion pattern: "!"');
  const exception = text.startsWith("!");
  const pattern = exception ? text.slice(1) : text;
  return { exception, text: pattern, matches: matcher(pattern) };
}

function matcher(pattern: string): (path: string) => boolean {
  if (!/[*?[\]\\]/.test(pattern)) return (path) => path === pattern || path.startsWith(`${pattern}/`);
  const pieces = parsePieces(pattern);
  return (path) => matchesPath(pieces, path, true);
}

function parsePieces(pattern: string): PathPiece[] {
  // `**name` is any path with that ending; with anything else special in it, whole directories come before `name`.
  const ending = /^\*\*([^/*?[\]\\][^*?[\]\\]*)$/.exec(pattern)?.[1];
  return ending === undefined
    ? parsePathPattern(pattern, true)
    : [{ kind: "any" }, ...parsePathPattern(ending)];
}
