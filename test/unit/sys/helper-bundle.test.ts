import { expect, test } from "bun:test";
import { decodeHelperBundle, encodeHelperBundle } from "../../../src/sys/helper-bundle.ts";

const entries = [
  { name: "ip", content: Buffer.from("one") },
  { name: "libc.so.6", content: Buffer.alloc(0) },
  { name: "ld-linux-x86-64.so.2", content: Buffer.alloc(100_000, 7) },
];

/** A bundle of exactly these plain bytes. */
function raw(header: string, contents: string): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return Bun.zstdCompressSync(Buffer.concat([length, Buffer.from(header), Buffer.from(contents)]));
}

test("what was encoded is decoded", () => {
  const decoded = decodeHelperBundle(encodeHelperBundle(entries));
  expect(decoded.map(({ name, content }) => ({ name, content: Buffer.from(content) }))).toEqual(entries);
});

test("the same entries give the same bytes", () => {
  expect(encodeHelperBundle(entries)).toEqual(encodeHelperBundle(entries));
});

test.each([
  ["a path instead of a name", raw('[{"name":"../ip","size":1}]', "x")],
  ["a hidden name", raw('[{"name":".unpacking-1","size":1}]', "x")],
  ["a header that is no list", raw('{"name":"ip","size":1}', "x")],
  ["less content than announced", raw('[{"name":"ip","size":2}]', "x")],
  ["more content than announced", raw('[{"name":"ip","size":1}]', "xy")],
  ["a negative size", raw('[{"name":"ip","size":-1}]', "x")],
  ["bytes that are not zstd", Buffer.from("not a bundle")],
])("a bundle with %s is refused", (_, bundle) => {
  expect(() => decodeHelperBundle(bundle)).toThrow();
});
