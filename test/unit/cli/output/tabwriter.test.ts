import { expect, test } from "bun:test";
import { alignColumns } from "../../../../src/cli/output/tabwriter.ts";

test("a column is its longest cell plus 3, at least 10, and the last cell is not padded", () => {
  expect(alignColumns("a\tbb\tc\naaaaaaaaaa\tb\tcc\n")).toBe(
    "a            bb        c\naaaaaaaaaa   b         cc\n",
  );
});

test("width counts characters", () => {
  expect(alignColumns("éééééééé…\tx\naaaaaaaaa\tx")).toBe("éééééééé…   x\naaaaaaaaa   x");
  expect(alignColumns("😀😀😀😀😀😀😀😀\tx")).toBe("😀😀😀😀😀😀😀😀   x");
});

test("a line without the column ends it", () => {
  expect(alignColumns("aaaaaaaaaaaa\tx\nno tabs\nb\tx")).toBe("aaaaaaaaaaaa   x\nno tabs\nb         x");
});

test("empty cells keep their width", () => {
  expect(alignColumns("\t\tx")).toBe(`${" ".repeat(20)}x`);
  expect(alignColumns("a\t")).toBe("a         ");
});

test("every cell starts at one place in a column of equal lines", () => {
  for (let width = 0; width < 40; width++) {
    const aligned = alignColumns(`${"x".repeat(width)}\tend\n\tend`).split("\n");
    const at = Math.max(10, width + 3);
    expect(aligned.map((line) => line.indexOf("end"))).toEqual([at, at]);
  }
});

test("many columns and lines do not overflow the stack", () => {
  expect(alignColumns("a\t".repeat(20_000)).length).toBe(200_000);
});
