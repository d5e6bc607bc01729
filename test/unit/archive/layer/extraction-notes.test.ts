import { expect, test } from "bun:test";
import { ExtractionNotes } from "../../../../src/archive/layer/extraction-notes.ts";

test("one line a kind, with the first name and a count", () => {
  const notes = new ExtractionNotes();
  notes.add("device node skipped", "dev/null");
  notes.add("other", "\x1b[31m");
  for (let index = 0; index < 4; index++) notes.add("device node skipped", "dev/zero");
  expect(notes.lines()).toEqual(["device node skipped: dev/null and 4 more", "other: \\x1b[31m"]);
});

test("no more than eight lines", () => {
  const notes = new ExtractionNotes();
  for (let index = 0; index < 20; index++) notes.add(`kind ${index}`, "x");
  expect(notes.lines()).toHaveLength(8);
  expect(notes.lines().at(-1)).toBe("and 13 more kinds of notes");
});
