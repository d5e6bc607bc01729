import { expect, test } from "bun:test";
import { appendFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RotatedLines } from "../../../src/container/rotated-lines.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

function lab() {
  const directory = temporaryDirectory();
  const path = join(directory.path, "log");
  return {
    path,
    append: (text: string) => appendFileSync(path, text),
    rotate() {
      for (const index of [8, 7, 6, 5, 4, 3, 2, 1, 0]) {
        const from = index === 0 ? path : `${path}.${index}`;
        try {
          renameSync(from, `${path}.${index + 1}`);
        } catch {}
      }
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

function readAll(lines: RotatedLines): string {
  let text = "";
  for (let block = lines.read(); block !== undefined; block = lines.read()) text += block.bytes.toString();
  return text;
}

const backward = (lines: RotatedLines) =>
  Array.from(lines.linesBackward(), ({ bytes, start, end }) => bytes.toString("utf8", start, end));

test("reads all files from the oldest on, and whole lines only", () => {
  using files = lab();
  files.append("a\nb\n");
  files.rotate();
  files.append("c\n");
  files.rotate();
  files.append("d\ne");
  using lines = new RotatedLines(files.path);
  expect(readAll(lines)).toBe("a\nb\nc\nd\n");
  expect(readAll(lines)).toBe("");
  files.append("nd\n");
  expect(readAll(lines)).toBe("end\n");
});

test("goes on over several rotations between two reads", () => {
  using files = lab();
  files.append("a\n");
  using lines = new RotatedLines(files.path);
  expect(readAll(lines)).toBe("a\n");
  files.append("b\n");
  for (const letter of "cde") {
    files.rotate();
    files.append(`${letter}\n`);
  }
  expect(readAll(lines)).toBe("b\nc\nd\ne\n");
});

test("a file that was renamed and has no successor yet is waited for", () => {
  using files = lab();
  files.append("a\n");
  using lines = new RotatedLines(files.path);
  files.rotate();
  expect(readAll(lines)).toBe("a\n");
  expect(readAll(lines)).toBe("");
  files.append("b\n");
  expect(readAll(lines)).toBe("b\n");
});

test("files that are just being renamed are found", () => {
  using files = lab();
  files.append("a\n");
  files.rotate();
  files.rotate();
  files.append("b\n");
  using lines = new RotatedLines(files.path);
  expect(readAll(lines)).toBe("a\nb\n");
});

test("a reader that is left behind goes on with the oldest file that is still there", () => {
  using files = lab();
  files.append("a\n");
  using lines = new RotatedLines(files.path);
  files.append("last\n");
  rmSync(files.path);
  files.append("c\n");
  files.rotate();
  files.append("d\n");
  expect(readAll(lines)).toBe("a\nlast\nc\nd\n");
});

test("begins when there is a file", () => {
  using files = lab();
  using lines = new RotatedLines(files.path);
  expect(lines.exists).toBe(false);
  expect(readAll(lines)).toBe("");
  files.append("a\n");
  expect(readAll(lines)).toBe("a\n");
});

test("lines longer than a block are whole", () => {
  using files = lab();
  const long = "x".repeat(1_500_000);
  writeFileSync(files.path, `${long}\ny\n`);
  using lines = new RotatedLines(files.path);
  expect(backward(lines)).toEqual(["y", long]);
  expect(readAll(lines) === `${long}\ny\n`).toBe(true);
});

test("backwards, line by line over files and blocks", () => {
  using files = lab();
  const words = Array.from({ length: 60_000 }, (_, index) => (index % 7 === 0 ? "" : `line ${index}`));
  const text = (part: string[]) => part.map((word) => `${word}\n`).join("");
  writeFileSync(`${files.path}.1`, text(words.slice(0, 30_000)));
  writeFileSync(files.path, `${text(words.slice(30_000))}unfinished`);
  using lines = new RotatedLines(files.path);
  expect(backward(lines).toReversed()).toEqual(words);
});

test("a position that was told backwards is where reading goes on", () => {
  using files = lab();
  writeFileSync(`${files.path}.2`, "0\n1\n");
  writeFileSync(`${files.path}.1`, "2\n3\n");
  writeFileSync(files.path, "4\n5\n");
  for (const first of [0, 1, 2, 3, 4, 5]) {
    using lines = new RotatedLines(files.path);
    const found = [...lines.linesBackward()][5 - first]!;
    lines.seek(found.position);
    const rest = readAll(lines);
    expect(rest).toBe("0\n1\n2\n3\n4\n5\n".slice(2 * first));
  }
});

test("from the end on, only what comes later is read", () => {
  using files = lab();
  files.append("a\n");
  using lines = new RotatedLines(files.path);
  lines.seek(lines.end);
  files.append("b\n");
  expect(readAll(lines)).toBe("b\n");
});
