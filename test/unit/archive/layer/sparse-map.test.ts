import { expect, test } from "bun:test";
import { isConsistent, SparseMapText, sparseLayoutFrom } from "../../../../src/archive/layer/sparse-map.ts";

const blocks = (text: string) => {
  const bytes = Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, "\0"), "latin1");
  return Array.from({ length: bytes.length / 512 }, (_, index) =>
    bytes.subarray(index * 512, index * 512 + 512),
  );
};

test("segments in order within the file are consistent", () => {
  const segments = [
    { offset: 0, length: 3 },
    { offset: 10, length: 2 },
    { offset: 20, length: 0 },
  ];
  expect(isConsistent(segments, 20, 5)).toBe(true);
  expect(isConsistent(segments, 19, 5)).toBe(false);
  expect(isConsistent(segments, 20, 4)).toBe(false);
  expect(isConsistent([...segments].reverse(), 20, 5)).toBe(false);
  expect(isConsistent([], 1000, 0)).toBe(true);
});

test("the three PAX formats are told apart", () => {
  expect(sparseLayoutFrom([["path", "x"]])).toBeUndefined();
  expect(
    sparseLayoutFrom([
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.realsize", "7"],
    ]),
  ).toEqual({ realSize: 7 });
  const segments = [
    { offset: 1, length: 2 },
    { offset: 5, length: 1 },
  ];
  expect(
    sparseLayoutFrom([
      ["GNU.sparse.size", "9"],
      ["GNU.sparse.map", "1,2,5,1"],
    ]),
  ).toEqual({ realSize: 9, segments });
  const repeated = [
    ["GNU.sparse.size", "9"],
    ["GNU.sparse.offset", "1"],
    ["GNU.sparse.numbytes", "2"],
    ["GNU.sparse.offset", "5"],
    ["GNU.sparse.numbytes", "1"],
  ] as const;
  expect(sparseLayoutFrom(repeated)).toEqual({ realSize: 9, segments });
});

test("records that make no map are malformed", () => {
  expect(sparseLayoutFrom([["GNU.sparse.map", "1,2"]])).toBe("malformed");
  expect(
    sparseLayoutFrom([
      ["GNU.sparse.size", "9"],
      ["GNU.sparse.map", "1,2,3"],
    ]),
  ).toBe("malformed");
  expect(
    sparseLayoutFrom([
      ["GNU.sparse.size", "9"],
      ["GNU.sparse.map", "1,-2"],
    ]),
  ).toBe("malformed");
  expect(
    sparseLayoutFrom([
      ["GNU.sparse.major", "2"],
      ["GNU.sparse.realsize", "9"],
    ]),
  ).toBe("malformed");
});

test("a text map may take many blocks", () => {
  const count = 200;
  const numbers = Array.from({ length: count }, (_, index) => `${index * 4096}\n512\n`).join("");
  const text = new SparseMapText();
  const answers = blocks(`${count}\n${numbers}`).map((block) => text.add(block));
  expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true);
  expect(answers.at(-1)).toHaveLength(count);
  expect(answers.at(-1)?.[199]).toEqual({ offset: 199 * 4096, length: 512 });
});

test.each(["x\n", "2\n1\n1\n1\n", "99999999999\n", "1\n-1\n5\n", "\n"])(
  "the text map %j is malformed",
  (map) => {
    expect(new SparseMapText().add(blocks(map)[0]!)).toBe("malformed");
  },
);
