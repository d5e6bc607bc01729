import { describe, expect, test } from "bun:test";
import { formatRows } from "../../../../src/cli/output/format-rows.ts";
import { type Listing, tableCells } from "../../../../src/cli/output/listing.ts";

interface Row {
  readonly repository: string;
  readonly tag: string;
  readonly id: string;
  readonly size: string;
}

const listing: Listing<Row> = {
  typeName: "*formatter.imageContext",
  columns: [
    { key: "Repository", header: "REPOSITORY", value: (row) => row.repository },
    { key: "Tag", header: "TAG", value: (row) => row.tag },
    { key: "ID", header: "IMAGE ID", value: (row) => row.id },
    { key: "Size", header: "SIZE", value: (row) => row.size },
    { key: "Digest", header: "DIGEST", value: () => "<none>" },
  ],
  table: ["Repository", "Tag", "ID", "Size"],
  methods: { Label: (row, name) => `${row.repository}/${name}<>` },
};
const rows: readonly Row[] = [
  { repository: "alpine", tag: "3", id: "111111111111", size: "55.3MB" },
  { repository: "<none>", tag: "<none>", id: "333333333333", size: "1.12kB" },
];

/** Recorded from the Docker command line for the same rows. */
describe("a list is formatted as Docker does", () => {
  const cases: readonly (readonly [string | undefined, string])[] = [
    [
      undefined,
      "REPOSITORY   TAG       IMAGE ID       SIZE\n" +
        "alpine       3         111111111111   55.3MB\n" +
        "<none>       <none>    333333333333   1.12kB\n",
    ],
    ["table {{.Tag}}\\t{{.ID}}", "TAG       IMAGE ID\n3         111111111111\n<none>    333333333333\n"],
    ["tablex{{.ID}}", "xIMAGE ID\nx111111111111\nx333333333333\n"],
    [
      'table {{len .ID}}\\t{{printf "%s" .ID}}\\t\\t{{.Tag}}',
      "8         IMAGE ID                 TAG\n12        111111111111             3\n12        333333333333             <none>\n",
    ],
    [
      "table {{json .ID}} {{pad .Tag 2 3}}\\n{{.Tag}}|{{truncate .ID 3}}\\t{{upper .Repository}}",
      "IMAGE ID   TAG   \nTAG|IMAGE ID   REPOSITORY\n" +
        '"111111111111"   3   \n3|111     ALPINE\n"333333333333"   <none>   \n<none>|333   <NONE>\n',
    ],
    [
      'table {{.ID}}\\t{{.Label "com.x.my-role_a"}}',
      "IMAGE ID       my role a\n111111111111   alpine/com.x.my-role_a<>\n333333333333   <none>/com.x.my-role_a<>\n",
    ],
    ["{{.Repository}}:{{.Tag}}", "alpine:3\n<none>:<none>\n"],
    ["{{.ID}}\\t{{.Tag}}", "111111111111\t3\n333333333333\t<none>\n"],
    [
      "json",
      '{"Digest":"\\u003cnone\\u003e","ID":"111111111111","Repository":"alpine","Size":"55.3MB","Tag":"3"}\n' +
        '{"Digest":"\\u003cnone\\u003e","ID":"333333333333","Repository":"\\u003cnone\\u003e","Size":"1.12kB","Tag":"\\u003cnone\\u003e"}\n',
    ],
    ["{{json .Tag}}", '"3"\n"<none>"\n'],
  ];
  test.each(cases)("%s", (format, text) => expect(formatRows(listing, rows, format)).toBe(text));

  test("table alone is the default table, and {{json .}} is json", () => {
    expect(formatRows(listing, rows, "table")).toBe(formatRows(listing, rows));
    expect(formatRows(listing, rows, "{{json .}}")).toBe(formatRows(listing, rows, "json"));
  });

  test("no rows give a header, or nothing", () => {
    expect(formatRows(listing, [])).toBe("REPOSITORY   TAG       IMAGE ID   SIZE\n");
    expect(formatRows(listing, [], "{{.ID}}")).toBe("");
    expect(formatRows(listing, [], "json")).toBe("");
  });
});

test("an unknown field is an error that names the type", () => {
  expect(() => formatRows(listing, rows, "{{.Foo}}")).toThrow(
    'template parsing error: template: :1:2: executing "" at <.Foo>: can\'t evaluate field Foo in type *formatter.imageContext',
  );
  expect(() => formatRows(listing, rows, "table {{.ID}}\\t{{.Foo}}")).toThrow(":1:10:");
  expect(() => formatRows(listing, [], "{{.Siz")).toThrow("template: :1: unclosed action");
});

test("a value is asked for only where it is shown", () => {
  const asked: string[] = [];
  const lazy: Listing<string> = {
    typeName: "T",
    columns: ["A", "B"].map((key) => ({
      key,
      header: key,
      value: (row) => {
        asked.push(key);
        return row;
      },
    })),
    table: ["A"],
  };
  formatRows(lazy, ["x"]);
  expect(asked).toEqual(["A"]);
});

test("tables show control characters, templates pass them on", () => {
  const [row] = rows;
  const hostile = [{ ...row!, repository: "a\u001b]0;owned\u0007\tb\n" }];
  const table = formatRows(listing, hostile);
  expect(table).toContain("a\\e]0;owned\\x07\\tb\\n   3");
  expect(table.split("\n").length).toBe(3);
  expect(formatRows(listing, hostile, "{{.Repository}}")).toBe("a\u001b]0;owned\u0007\tb\n\n");
  expect(tableCells(listing, hostile).cells[0]?.[0]).toBe("a\\e]0;owned\\x07\\tb\\n");
  expect(tableCells(listing, rows).headers).toEqual(["REPOSITORY", "TAG", "IMAGE ID", "SIZE"]);
});
