import { describe, expect, test } from "bun:test";
import { defaultTable, type Listing } from "../../../../src/cli/output/listing.ts";
import { renderTerminalTable, shorten } from "../../../../src/cli/output/terminal-table.ts";

type Row = readonly string[];

const uncut: Listing<Row> = {
  typeName: "T",
  columns: ["NAME", "IMAGE ID", "PORTS", "SIZE"].map((header, i) => ({
    key: `C${i}`,
    header,
    value: (row) => row[i],
  })),
  table: ["C0", "C1", "C2", "C3"],
};
const listing: Listing<Row> = { ...uncut, cuts: { C0: { from: "start", atLeast: 8 } } };
const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => [`image-${i}`, "111111111111", "", `${i}MB`]);
const draw = (rows: readonly Row[], columns: number | undefined, bold = false, which = listing) =>
  renderTerminalTable(which, rows, { columns, bold });
const lines = (text: string) => text.trimEnd().split("\n");

describe("a person's table", () => {
  test("has Docker's columns where they fit, without blanks at the end of a line", () => {
    const trimmed = defaultTable(listing, rows(30)).replace(/ +$/gm, "");
    expect(draw(rows(30), 100)).toBe(trimmed);
  });

  test("has bold headers only when asked", () => {
    expect(draw(rows(1), 100, true)).toContain("\u001b[1mNAME\u001b[22m");
    expect(draw(rows(1), 100)).not.toContain("\u001b");
    expect(Bun.stripANSI(draw(rows(3), 100, true))).toBe(draw(rows(3), 100));
  });

  test("of no rows is its header", () => {
    expect(draw([], 100)).toBe("NAME      IMAGE ID   PORTS     SIZE\n");
    expect(lines(draw([], 10))).toHaveLength(1);
  });

  test("loses empty columns and cuts what may be cut to fit a narrow terminal", () => {
    const text = draw([["registry.example/team/application", "111111111111", "", "1MB"]], 40);
    expect(lines(text)).toEqual([
      "NAME                  IMAGE ID      SIZE",
      "…le/team/application  111111111111  1MB",
    ]);
    for (const line of lines(text)) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(40);
  });

  test("never cuts an id: where that does not fit, each row becomes a block", () => {
    expect(
      draw(
        [
          ["registry.example/team/application", "111111111111", "", "1MB"],
          ["a", "2", "80/tcp", "2MB"],
        ],
        20,
      ),
    ).toBe(
      [
        "NAME      registry.example/team/application",
        "IMAGE ID  111111111111",
        "SIZE      1MB",
        "",
        "NAME      a",
        "IMAGE ID  2",
        "PORTS     80/tcp",
        "SIZE      2MB",
        "",
      ].join("\n"),
    );
  });

  test("that must not be cut is Docker's, however narrow the terminal", () => {
    const long = [["x".repeat(200), "1", "", "2"]];
    expect(draw(long, 40, false, uncut)).toBe(defaultTable(uncut, long));
  });

  test("aligns wide characters by the columns they take", () => {
    const text = lines(
      draw(
        [
          ["日本語", "111", "", "2"],
          ["ab", "111", "", "2"],
        ],
        100,
      ),
    );
    const at = (line: string) => Bun.stringWidth(line.slice(0, line.indexOf("111")));
    expect(at(text[1]!)).toBe(at(text[2]!));
  });

  test("shows control characters instead of obeying them", () => {
    const text = draw([["a\u001b]0;x\u0007\nb", "1", "", "2"]], 100);
    expect(text).toContain("a\\e]0;x\\x07\\nb");
    expect(text).not.toContain("\u0007");
  });

  test("assumes 80 columns where the terminal does not tell", () => {
    const text = draw([["x".repeat(200), "1", "", "2"]], undefined);
    for (const line of lines(text)) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(80);
  });
});

describe("a cell that is too long", () => {
  test("is cut at the end that tells less, by terminal columns, never inside a character", () => {
    expect(shorten("abcdef", 4, "end")).toBe("abc…");
    expect(shorten("abcdef", 4, "start")).toBe("…def");
    expect(shorten("日本語", 4, "end")).toBe("日…");
    expect(shorten("日本語", 4, "start")).toBe("…語");
    expect(shorten("e\u0301e\u0301e\u0301", 2, "end")).toBe("e\u0301…");
    expect(shorten("abc", 3, "end")).toBe("abc");
  });
});
