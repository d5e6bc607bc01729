import { DockerfileError } from "../dockerfile-error.ts";
import { parseHeredocMark } from "../syntax/heredoc.ts";
import type { DockerfileNode } from "../syntax/types.ts";
import { readFlags } from "./flags.ts";
import type { CopyInstruction, InlineFile } from "./types.ts";

export function readCopy(node: DockerfileNode, words: readonly string[]): CopyInstruction {
  requireDestination("COPY", words);
  const flags = readFlags(node.flags, {
    chown: "text",
    from: "text",
    chmod: "text",
    link: "boolean",
    exclude: "list",
    parents: "boolean",
  });
  return {
    kind: "copy",
    ...sourcesAndDestination(node, words, "COPY"),
    ...(flags.from === "" ? {} : { from: flags.from }),
    chown: flags.chown,
    chmod: flags.chmod,
    link: flags.link ?? false,
    parents: flags.parents ?? false,
    exclude: flags.exclude,
    checksum: "",
  };
}

export function readAdd(node: DockerfileNode, words: readonly string[]): CopyInstruction {
  requireDestination("ADD", words);
  const flags = readFlags(node.flags, {
    chown: "text",
    chmod: "text",
    link: "boolean",
    "keep-git-dir": "boolean",
    checksum: "text",
    unpack: "boolean",
    exclude: "list",
  });
  const keepGitDirectory = flags["keep-git-dir"];
  return {
    kind: "add",
    ...sourcesAndDestination(node, words, "ADD"),
    chown: flags.chown,
    chmod: flags.chmod,
    link: flags.link ?? false,
    parents: false,
    exclude: flags.exclude,
    checksum: flags.checksum,
    ...(flags.unpack === undefined ? {} : { unpack: flags.unpack }),
    ...(keepGitDirectory === undefined ? {} : { keepGitDirectory }),
  };
}

function requireDestination(keyword: string, words: readonly string[]): void {
  if (words.length < 2)
    throw new DockerfileError(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
}

function sourcesAndDestination(
  node: DockerfileNode,
  words: readonly string[],
  keyword: string,
): Pick<CopyInstruction, "sources" | "files" | "destination"> {
  const destination = words.at(-1)!;
  if (parseHeredocMark(destination) !== undefined)
    throw new DockerfileError(`${keyword} cannot accept a heredoc as a destination`);
  const sources: string[] = [];
  const files: InlineFile[] = [];
  for (const word of words.slice(0, -1)) {
    const mark = parseHeredocMark(word);
    if (mark === undefined) {
      sources.push(word);
      continue;
    }
    files.push({
      ...mark,
      content: node.heredocs.find(({ name }) => name === mark.name)?.content ?? "",
    });
  }
  return { sources, files, destination };
}
