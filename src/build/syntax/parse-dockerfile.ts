import { atLines, DockerfileError, type Lines } from "../dockerfile-error.ts";
import { Directives } from "./directives.ts";
import { heredocMarks } from "./heredoc.ts";
import { parseLine } from "./parse-line.ts";
import type { DockerfileNode, DockerfileSyntax, Heredoc } from "./types.ts";
import { trim, trimEnd, trimStart } from "./whitespace.ts";

/** Bytes of a line, as BuildKit limits them. */
const maximumLine = 65535;

/**
 * The first pass: directives, comments, continued lines and heredocs become nodes with their line ranges, as BuildKit
 * reads them. Pure. Throws DockerfileError.
 */
export function parseDockerfile(text: string): DockerfileSyntax {
  const source = new LineReader(text);
  const directives = new Directives();
  const nodes: DockerfileNode[] = [];
  const emptyContinuations: Lines[] = [];
  let comments: string[] = [];
  for (let raw = source.next(); raw !== undefined; raw = source.next()) {
    const start = source.line;
    const line = trimStart(withoutNewline(raw));
    if (atLines({ start, end: start }, () => directives.read(line))) continue;
    if (line.startsWith("#")) {
      const comment = trim(line.slice(1));
      comments = comment === "" ? [] : [...comments, comment];
      continue;
    }
    if (line === "") continue;
    const { logical, empty } = readContinued(source, line, directives.escapeToken);
    const lines = { start, end: source.line };
    if (empty) emptyContinuations.push(lines);
    const node = atLines(lines, () => parseLine(logical, directives.escapeToken));
    const heredocs = readHeredocs(source, node, start);
    nodes.push({ ...node, heredocs, lines: { start, end: source.line }, comments });
    comments = [];
  }
  if (nodes.length === 0) throw new DockerfileError("file with no instructions");
  return { nodes, escapeToken: directives.escapeToken, directives: directives.values, emptyContinuations };
}

/** Joins a line with those that continue it; comments and blank lines between them do not count. */
function readContinued(
  source: LineReader,
  first: string,
  escapeToken: string,
): { logical: string; empty: boolean } {
  const parts: string[] = [];
  let empty = false;
  for (let line = first; ; ) {
    const continued = beforeContinuation(line, escapeToken);
    parts.push(continued ?? line);
    if (continued === undefined) break;
    let next = source.next();
    while (next !== undefined) {
      const visible = trimStart(next);
      if (visible !== "" && !visible.startsWith("#")) break;
      if (visible === "") empty = true;
      next = source.next();
    }
    if (next === undefined) break;
    line = withoutNewline(next);
  }
  return { logical: parts.join(""), empty };
}

/** What stands before the escape character that ends the line; undefined when there is none, or it is escaped itself. */
function beforeContinuation(line: string, escapeToken: string): string | undefined {
  const end = trimEnd(line, (character) => character === " " || character === "\t");
  if (!end.endsWith(escapeToken) || end.at(-2) === escapeToken) return undefined;
  return end.slice(0, -1);
}

function readHeredocs(
  source: LineReader,
  node: Pick<DockerfileNode, "keyword" | "body" | "text">,
  start: number,
) {
  if (!mayHaveHeredocs(node) || !node.text.includes("<<")) return [];
  const announced = source.line;
  return heredocMarks(node.text).map((mark): Heredoc => {
    const content: string[] = [];
    for (let raw = source.next(); raw !== undefined; raw = source.next()) {
      const line = withoutNewline(raw);
      if ((mark.chomps ? line.replace(/^\t+/, "") : line) === mark.name)
        return { ...mark, content: content.join("") };
      content.push(raw);
    }
    throw new DockerfileError("unterminated heredoc", { start, end: announced });
  });
}

function mayHaveHeredocs({ keyword, body }: Pick<DockerfileNode, "keyword" | "body">): boolean {
  if (body.kind === "trigger") return body.node !== undefined && mayHaveHeredocs(body.node);
  if (!["add", "copy", "run"].includes(keyword.toLowerCase())) return false;
  return body.kind === "words" && !body.json;
}

function withoutNewline(line: string): string {
  return trimEnd(line, (character) => character === "\r" || character === "\n");
}

/** Lines with their ends, counted. */
class LineReader {
  line = 0;
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith("\uFEFF") ? 1 : 0;
  }

  next(): string | undefined {
    if (this.#at >= this.#text.length) return undefined;
    const newline = this.#text.indexOf("\n", this.#at);
    const end = newline === -1 ? this.#text.length : newline + 1;
    const line = this.#text.slice(this.#at, end);
    this.#at = end;
    this.line++;
    if (line.length > maximumLine / 4 && Buffer.byteLength(line) - (newline === -1 ? 0 : 1) > maximumLine)
      throw new DockerfileError(`dockerfile line greater than max allowed size of ${maximumLine}`, {
        start: this.line,
        end: this.line,
      });
    return line;
  }
}
