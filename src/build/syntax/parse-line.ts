import { DockerfileError } from "../dockerfile-error.ts";
import { splitWords, takeFlags } from "./split-words.ts";
import type { DockerfileNode, NamedValue, NodeBody } from "./types.ts";
import { cutAtBlanks, isSpace, splitAtBlanks, trim, trimStart } from "./whitespace.ts";

/** A logical line, taken apart as its keyword wants it. Lines, comments and heredocs are the caller's. */
export type ParsedLine = Pick<DockerfileNode, "keyword" | "flags" | "body" | "text">;

export function parseLine(text: string, escapeToken: string): ParsedLine {
  const trimmed = trim(text);
  const [keyword, afterwards] = cutAtBlanks(trimmed) ?? [trimmed, ""];
  const { flags, rest } = takeFlags(afterwards, escapeToken);
  return { keyword, flags, body: parseBody(keyword, rest, escapeToken), text };
}

function parseBody(keyword: string, rest: string, escapeToken: string): NodeBody {
  switch (keyword.toLowerCase()) {
    case "env":
    case "label":
      return { kind: "pairs", pairs: parsePairs(rest, keyword.toUpperCase(), escapeToken) };
    case "onbuild":
      return { kind: "trigger", node: rest === "" ? undefined : parseTrigger(rest, escapeToken) };
    case "arg":
      return words(splitWords(rest, escapeToken));
    case "add":
    case "copy":
    case "volume":
      return parseJson(rest) ?? words(rest === "" ? [] : splitAtBlanks(rest));
    case "cmd":
    case "entrypoint":
    case "run":
    case "shell":
      return parseJson(rest) ?? words(rest === "" ? [] : [rest]);
    case "healthcheck":
      return parseHealthcheck(rest);
    case "maintainer":
    case "stopsignal":
    case "user":
    case "workdir":
      return words(rest === "" ? [] : [rest]);
    default:
      // FROM and EXPOSE; and what is no instruction, which the next pass says.
      return words(rest === "" ? [] : splitAtBlanks(rest));
  }
}

function words(list: readonly string[], json = false): NodeBody & { kind: "words" } {
  return { kind: "words", words: list, json };
}

function parseTrigger(rest: string, escapeToken: string): DockerfileNode {
  if (/^onbuild([\t\v\f\r ]|$)/i.test(rest))
    throw new DockerfileError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  const lines = { start: 0, end: 0 };
  return { ...parseLine(rest, escapeToken), heredocs: [], lines, comments: [] };
}

/** `NAME value` when the first word has no `=`, else any number of `NAME=value`. */
function parsePairs(rest: string, keyword: string, escapeToken: string): NamedValue[] {
  const list = splitWords(rest, escapeToken);
  const [first] = list;
  if (first === undefined) return [];
  if (!first.includes("=")) {
    const parts = cutAtBlanks(rest);
    if (parts === undefined) throw new DockerfileError(`${keyword} must have two arguments`);
    return [{ name: parts[0], value: parts[1], equals: false }];
  }
  return list.map((word) => {
    const at = word.indexOf("=");
    if (at === -1)
      throw new DockerfileError(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      );
    return { name: word.slice(0, at), value: word.slice(at + 1), equals: true };
  });
}

/** Undefined when it is not JSON and therefore something for a shell; an array of anything but strings is an error. */
function parseJson(rest: string): (NodeBody & { kind: "words" }) | undefined {
  if (!trimStart(rest).startsWith("[")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(rest);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  if (!value.every((item) => typeof item === "string"))
    throw new DockerfileError("when using JSON array syntax, arrays must be comprised of strings only");
  return words(value, true);
}

function parseHealthcheck(rest: string): NodeBody {
  let end = 0;
  while (end < rest.length && !isSpace(rest[end]!)) end++;
  if (end === 0) return words([]);
  const type = rest.slice(0, end);
  const command = trimStart(rest.slice(end));
  const parsed = parseJson(command) ?? words(command === "" ? [] : [command]);
  return words([type, ...parsed.words], parsed.json);
}
