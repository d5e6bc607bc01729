import { describe, expect, test } from "bun:test";
import { digestFault, hexOf, isDigest, parseDigest, sha256Of, shortDigest } from "../../../src/oci/digest.ts";

const hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

test("a digest in canonical form passes and is taken apart", () => {
  const digest = parseDigest(`sha256:${hex}`);
  expect(hexOf(digest)).toBe(hex);
  expect(shortDigest(digest)).toBe("e3b0c44298fc");
});

test("the digest of bytes is sha256 in hex", () => {
  expect(sha256Of(new Uint8Array())).toBe(`sha256:${hex}`);
  expect(sha256Of("abc")).toBe("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

describe("what is not a digest is refused before a path or URL is built from it", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "invalid checksum digest format"],
    ["sha256", "invalid checksum digest format"],
    ["sha256:", "invalid checksum digest format"],
    [`:${hex}`, "invalid checksum digest format"],
    [`sha256:${hex.toUpperCase()}`, "invalid checksum digest format"],
    [`SHA256:${hex}`, "invalid checksum digest format"],
    ["sha256:../../x", "invalid checksum digest length"],
    ["../../x:00", "invalid checksum digest format"],
    [`sha256:${"../".repeat(21)}x`, "invalid checksum digest format"],
    [`sha256:${hex}\n`, "invalid checksum digest length"],
    [`sha256:${hex.slice(1)}`, "invalid checksum digest length"],
    [`sha512:${hex}${hex}`, "unsupported digest algorithm"],
    [`md5:${hex.slice(32)}`, "unsupported digest algorithm"],
    [`sha256+b64:${hex}`, "unsupported digest algorithm"],
  ];
  test.each(cases)("%j", (text, why) => {
    expect(digestFault(text)).toBe(why);
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(why);
  });
});
