import { expect, test } from "bun:test";
import { cleanPath } from "../../../src/build/ignore/clean-path.ts";
import { PatternList } from "../../../src/build/ignore/pattern-list.ts";
import { readIgnoreFile } from "../../../src/build/ignore/read-ignore-file.ts";
import { sharedCases } from "../../support/shared-cases.ts";

const cases = sharedCases("dockerignore.jsonl");

function answerTo({ op, patterns, path, input }: Record<string, never>): object {
  if (op === "ignorefile.read") return { patterns: readIgnoreFile(input!) };
  try {
    const clean = cleanPath(path!);
    return { ignored: clean !== "." && new PatternList(patterns!).ignores(clean) };
  } catch {
    return { error: true };
  }
}

test.skipIf(cases === undefined)("ignore files and patterns mean what moby's own cases say", () => {
  for (const line of (cases ?? "").trim().split("\n")) {
    const given = JSON.parse(line);
    expect([given.id, answerTo(given)]).toEqual([given.id, given.want]);
  }
});
