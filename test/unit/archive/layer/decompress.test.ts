import { expect, test } from "bun:test";
import { recogniseCompression } from "../../../../src/archive/layer/decompress.ts";
import { tarEntry } from "../../../support/tar-bytes.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

test("the bytes decide", () => {
  expect(recogniseCompression(bytes(0x1f, 0x8b, 8))).toBe("gzip");
  expect(recogniseCompression(bytes(0x28, 0xb5, 0x2f, 0xfd))).toBe("zstd");
  expect(recogniseCompression(bytes(0x52, 0x2a, 0x4d, 0x18, 0))).toBe("zstd");
  expect(recogniseCompression(tarEntry({ name: "x" }))).toBe("none");
  expect(recogniseCompression(tarEntry({ name: "\x1f\x8b" }))).toBe("none");
  expect(recogniseCompression(tarEntry({ name: "x", format: "v7" }))).toBe("none");
  expect(recogniseCompression(bytes())).toBe("none");
});

test.each([
  ["xz", bytes(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)],
  ["bzip2", bytes(0x42, 0x5a, 0x68, 0x39)],
  ["lz4", bytes(0x04, 0x22, 0x4d, 0x18)],
])("%s is refused by its name", (name, head) => {
  expect(() => recogniseCompression(head)).toThrow(`layer is compressed with ${name}`);
});
