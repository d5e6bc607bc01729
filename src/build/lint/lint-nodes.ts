import type { FromInstruction, Instruction, Located } from "../instructions/types.ts";
import type { DockerfileNode } from "../syntax/types.ts";
import type { Linter } from "./linter.ts";

/** What can be said of an instruction by how it is written. */
export function lintNode(node: DockerfileNode, linter: Linter): void {
  const { body, keyword, lines } = node;
  const words = body.kind === "words" ? body.words : [];
  switch (keyword.toUpperCase()) {
    case "MAINTAINER":
      linter.warn("MaintainerDeprecated", lines);
      return;
    case "FROM": {
      const [, as, name] = words;
      if (words.length !== 3 || as === undefined || name === undefined) return;
      if (name !== name.toLowerCase()) linter.warn("StageNameCasing", lines, name);
      const expected = keyword === keyword.toLowerCase() ? as.toLowerCase() : as.toUpperCase();
      if (isConsistent(keyword) && as !== expected) linter.warn("FromAsCasing", lines, keyword, as);
      lintDescription("FROM", [name.toLowerCase()], node, linter);
      return;
    }
    case "ARG":
      lintDescription(
        "ARG",
        words.map((word) => word.replace(/=.*/s, "")),
        node,
        linter,
      );
  }
}

/** A comment right above a stage or an argument describes it and begins with its name. */
function lintDescription(
  instruction: string,
  names: readonly string[],
  { comments, lines }: DockerfileNode,
  linter: Linter,
): void {
  const [first] = comments.at(-1)?.split(" ") ?? [];
  if (first === undefined || names.length === 0 || names.includes(first)) return;
  const shown = names.length > 1 ? "<arg_key>" : names[0]!;
  linter.warn("InvalidDefinitionDescription", lines, instruction, shown);
}

/** What can be said of stages when there are all of them: their names, and how instructions are written. */
export function lintStages(instructions: readonly Instruction[], linter: Linter): void {
  const names = new Set<string>();
  for (const { name, lines } of instructions.filter((each) => each.kind === "from") as From[]) {
    if (name === undefined) continue;
    if (name === "context" || name === "scratch") linter.warn("ReservedStageName", lines, name);
    if (names.has(name)) linter.warn("DuplicateStageName", lines, name);
    names.add(name);
  }
  const keywords = instructions.map(keywordOf);
  const lower = keywords.filter((keyword) => keyword === keyword.toLowerCase()).length;
  const isLower = lower > keywords.filter((keyword) => keyword === keyword.toUpperCase()).length;
  for (const [index, { lines }] of instructions.entries()) {
    const keyword = keywords[index]!;
    if (keyword !== (isLower ? keyword.toLowerCase() : keyword.toUpperCase()))
      linter.warn("ConsistentInstructionCasing", lines, keyword, isLower ? "lowercase" : "uppercase");
  }
}

type From = FromInstruction & Located;

export function keywordOf({ source }: Located): string {
  return /^\S*/.exec(source)![0];
}

function isConsistent(keyword: string): boolean {
  return keyword === keyword.toLowerCase() || keyword === keyword.toUpperCase();
}
