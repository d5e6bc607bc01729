import { BerthError } from "../base/errors.ts";
import type { Digest } from "./types.ts";

const hexLength = 64;
const encodedSha256 = /^[a-f0-9]{64}$/;
/** The grammar of image-spec "descriptor.md", section "Digests", for any algorithm. */
const anyAlgorithm = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/;

/**
 * Checks the grammar of a digest before anything is built from it (CVE-2024-3727): only `sha256:` and 64
 * lower-case hex digits pass. Throws `invalid-argument` with go-digest's texts.
 */
export function parseDigest(text: string): Digest {
  const fault = digestFault(text);
  if (fault !== undefined) throw new BerthError("invalid-argument", fault);
  return text as Digest;
}

/** Why `text` is not a digest that berth knows, in go-digest's words; undefined when it is one. */
export function digestFault(text: string): string | undefined {
  const colon = text.indexOf(":");
  if (colon <= 0 || colon + 1 === text.length) return "invalid checksum digest format";
  if (text.slice(0, colon) !== "sha256") {
    return anyAlgorithm.test(text) ? "unsupported digest algorithm" : "invalid checksum digest format";
  }
  const encoded = text.slice(colon + 1);
  if (encoded.length !== hexLength) return "invalid checksum digest length";
  return encodedSha256.test(encoded) ? undefined : "invalid checksum digest format";
}

/** Whether `value` is a sha256 digest in canonical form. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && digestFault(value) === undefined;
}

/** The 64 hex digits. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** The first 12 hex digits, as Docker prints ids. */
export function shortDigest(digest: Digest): string {
  return hexOf(digest).slice(0, 12);
}

/** The digest of bytes that are in memory; streams are hashed where they are written. */
export function sha256Of(bytes: Uint8Array | string): Digest {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
}
