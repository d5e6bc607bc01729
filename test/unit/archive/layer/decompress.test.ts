import { expect, test } from "bun:test";
import { recogniseCompression } from "../../../../src/archive/layer/decompress.ts";
import { tarEntry } from "../../../support/tar-bytes.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

test("the bytes decide, whatever the media type says", () => {
  for (const hint of ["none", "gzip", "zstd"] as const) {
    expect(recogniseCompression(bytes(0x1f, 0x8b, 8), hint)).toBe("gzip");
    expect(recogniseCompression(bytes(0x28, 0xb5, 0x2f, 0xfd), hint)).toBe("zstd");
    expect(recogniseCompression(bytes(0x52, 0x2a, 0x4d, 0x18, 0), hint)).toBe("zstd");
    expect(recogniseCompression(tarEntry({ name: "x" }), hint)).toBe("none");
    expect(recogniseCompression(tarEntry({ name: "\x1f\x8b" }), hint)).toBe("none");
    expect(recogniseCompression(bytes(), hint)).toBe("none");
  }
});

test("an archive of the time before POSIX has no magic, so the media type decides", () => {
  const old = tarEntry({ name: "x", format: "v7" });
  expect(recogniseCompression(old, "none")).toBe("none");
  expect(() => recogniseCompression(old, "gzip")).toThrow(
    "its media type says gzip, but its bytes are not gzip",
  );
});

test.each([
  ["xz", bytes(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)],
  ["bzip2", bytes(0x42, 0x5a, 0x68, 0x39)],
  ["lz4", bytes(0x04, 0x22, 0x4d, 0x18)],
])("%s is refused by its name", (name, head) => {
  expect(() => recogniseCompression(head, "gzip")).toThrow(`layer is compressed with ${name}`);
});
