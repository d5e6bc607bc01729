import { describe, expect, test } from "bun:test";
import type { Listing } from "../../../../src/cli/output/format-rows.ts";
import { drawPlainly, renderTerminalTable } from "../../../../src/cli/output/terminal-table.ts";

const listing: Listing<readonly string[]> = {
  typeName: "T",
  columns: ["NAME", "IMAGE ID", "SIZE"].map((header, i) => ({
    key: `C${i}`,
    header,
    value: (row) => row[i],
  })),
  table: ["C0", "C1", "C2"],
};
const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => [`image-${i}`, "111111111111", `${i}MB`]);
const plain = (text: string) =>
  Bun.stripANSI(text)
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");

describe("a person's table", () => {
  test("looks the same whoever draws it", async () => {
    const few = rows(3);
    const byLibrary = plain(await renderTerminalTable(listing, few, { columns: 100 }));
    expect(byLibrary).toBe(drawPlainly(["NAME", "IMAGE ID", "SIZE"], few, 100)!);
    const lines = byLibrary.split("\n");
    expect(lines[0]).toMatch(/^ {2}NAME +IMAGE ID +SIZE$/);
    expect(lines[1]).toMatch(/^ ─+$/);
    expect(lines.length).toBe(6);
  });

  test("of many rows has them all", async () => {
    const text = await renderTerminalTable(listing, rows(2000), { columns: 100 });
    expect(text.split("\n").length).toBe(2003);
    expect(text).toContain("image-1999");
  });

  test("of many rows in a narrow terminal falls back to plain columns", async () => {
    const text = await renderTerminalTable(listing, rows(100), { columns: 20 });
    expect(text.startsWith("NAME       IMAGE ID       SIZE\nimage-0    111111111111   0MB\n")).toBe(true);
  });

  test("of no rows is its header", async () => {
    expect((await renderTerminalTable(listing, [], { columns: 100 })).split("\n")[0]).toBe(
      "  NAME   IMAGE ID   SIZE",
    );
  });

  test("is cut to the width of the terminal", async () => {
    const text = plain(await renderTerminalTable(listing, [["x".repeat(200), "1", "2"]], { columns: 40 }));
    for (const line of text.split("\n")) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(40);
    expect(text).toContain("…");
  });

  test("shows control characters instead of obeying them", async () => {
    for (const count of [1, 50]) {
      const hostile = Array.from({ length: count }, () => ["a\u001b]0;x\u0007\nb", "1", "2"]);
      const text = await renderTerminalTable(listing, hostile, { columns: 100 });
      expect(plain(text)).toContain("a\\e]0;x\\x07\\nb");
      expect(text).not.toContain("\u0007");
    }
  });

  test("leaves the environment as it was", async () => {
    const before = { ...process.env };
    await renderTerminalTable(listing, rows(1), { columns: undefined });
    expect({ ...process.env }).toEqual(before);
  });
});
