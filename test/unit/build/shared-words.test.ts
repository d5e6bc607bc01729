import { expect, test } from "bun:test";
import { expand } from "../../../src/build/shell/expand.ts";
import { sharedCases } from "../../support/shared-cases.ts";

const cases = sharedCases("shell.jsonl");

test.skipIf(cases === undefined)("words are expanded as BuildKit's own cases say", () => {
  for (const line of (cases ?? "").trim().split("\n")) {
    const { id, input, env, want } = JSON.parse(line);
    const variables = new Map(
      (env as string[]).map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]),
    );
    let answer: Record<string, unknown>;
    try {
      const { text, words, matched, unmatched } = expand(input, (name) => variables.get(name));
      answer = { result: text, words, matched: [...matched].sort(), unmatched: [...unmatched].sort() };
    } catch {
      answer = { error: true };
    }
    const asked = Object.fromEntries(Object.keys(want).map((key) => [key, answer[key]]));
    expect([id, asked]).toEqual([id, want]);
  }
});
