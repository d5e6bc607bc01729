import { expect, test } from "bun:test";
import { parsePaxRecords, paxValue } from "../../../../src/archive/layer/pax-records.ts";
import { paxBody } from "../../../support/tar-bytes.ts";

const parse = (text: string) => parsePaxRecords(Buffer.from(text, "latin1"));

test("records keep their bytes, order and repetitions", () => {
  const records = [
    ["path", "caf\xe9\nwith=all"],
    ["k", "\0\x80\xff"],
    ["k", "2"],
    ["long", "x".repeat(1000)],
  ] as const;
  expect(parse(paxBody(records))).toEqual(records.map((record) => [...record]));
  expect(parse("")).toEqual([]);
});

test("the last value counts, and an empty one takes back", () => {
  const records = parse(
    paxBody([
      ["a", "1"],
      ["a", "2"],
      ["b", "1"],
      ["b", ""],
    ]),
  );
  expect(paxValue(records, "a")).toBe("2");
  expect(paxValue(records, "b")).toBeUndefined();
  expect(paxValue(records, "c")).toBeUndefined();
});

test.each([
  "10 a=b\n",
  "6 a=b",
  "6 a=b\0",
  "x a=b\n",
  "06 a=b\n",
  "-6 a=b\n",
  "6 abc\n",
  "5 =b\n",
  "6a=bcd\n",
  "999999999 a=b\n",
  "1 \n",
  "\n",
])("%j is refused", (text) => {
  expect(() => parse(text)).toThrow("layer is not valid");
});
