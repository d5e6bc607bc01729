import { expect, test } from "bun:test";
import { parseDockerfile } from "../../../src/build/syntax/parse-dockerfile.ts";
import type { DockerfileNode } from "../../../src/build/syntax/types.ts";
import { goQuote } from "../../../src/cli/output/template/quote.ts";
import { sharedCases } from "../../support/shared-cases.ts";

/** A node as BuildKit's `Node.Dump` writes it. */
function dump({ keyword, flags, body }: DockerfileNode): string {
  const quoted = (words: readonly string[]) => words.map((word) => goQuote(word));
  const parts = [keyword.toLowerCase()];
  if (flags.length > 0) parts.push(`[${quoted(flags).join(" ")}]`);
  if (body.kind === "words") parts.push(...quoted(body.words));
  else if (body.kind === "trigger") parts.push(...(body.node ? [dump(body.node)] : []));
  else
    for (const { name, value, equals } of body.pairs) parts.push(...quoted([name, value, equals ? "=" : ""]));
  return `(${parts.join(" ")})`;
}

const cases = sharedCases("dockerfile-parse.jsonl");

test.skipIf(cases === undefined)("Dockerfiles are read as BuildKit's own cases say", () => {
  for (const line of (cases ?? "").trim().split("\n")) {
    const { id, input, want } = JSON.parse(line);
    let answer: string;
    try {
      answer = parseDockerfile(input).nodes.map(dump).join("\n");
    } catch {
      answer = "error";
    }
    expect([id, answer]).toEqual([id, want.error ? "error" : want.dump]);
  }
});
