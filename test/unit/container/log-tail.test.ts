import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RotatedLines } from "../../../src/container/rotated-lines.ts";
import { tailStart } from "../../../src/container/log-tail.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** Each entry is `o` or `e` for the stream, `F` or `P`, and one letter of content: all have the same length. */
const entry = (word: string) =>
  `2026-01-02T15:04:05.000000000Z ${word[0] === "o" ? "stdout" : "stderr"} ${word[1]} ${word[2]}\n`;

/** The letters of the entries that belong to the last `count` lines. */
function tail(words: string, count: number): string {
  using directory = temporaryDirectory();
  const path = join(directory.path, "log");
  const entries = words.split(" ").map(entry);
  writeFileSync(path, entries.join(""));
  using lines = new RotatedLines(path);
  const from = tailStart(lines, count);
  return words
    .split(" ")
    .filter((word, index) => index * entries[0]!.length >= from[word[0] === "o" ? "stdout" : "stderr"])
    .map((word) => word[2])
    .join("");
}

test.each([
  ["oFa oFb oFc", 2, "bc"],
  ["oFa oFb oFc", 0, ""],
  ["oFa oFb oFc", 9, "abc"],
  ["oFa eFb oFc", 2, "bc"],
  ["oFa oPb oPc oFd", 1, "bcd"], // a line in parts is one line
  ["oFa oFb oPc", 2, "bc"], // so is one that has not ended
  ["oFa oPb eFc oFd", 1, "bd"], // whose parts have other lines between them
  ["oFa oPb eFc oFd", 2, "bcd"],
  ["ePa oPb eFc oFd", 2, "abcd"],
  ["eFx ePa oFb oPc eFd", 2, "acd"],
  ["oPa", 1, "a"],
] as const)("the tail of %s by %i is %s", (words, count, expected) =>
  expect(tail(words, count)).toBe(expected),
);
