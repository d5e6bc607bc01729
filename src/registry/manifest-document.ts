import { BerthError } from "../base/errors.ts";
import { digestFault, sha256Of } from "../oci/digest.ts";
import { isIndex, isManifest, isSchema1, mediaTypes } from "../oci/media-types.ts";
import type { RawDocument } from "../oci/transport.ts";
import type { Descriptor, Digest } from "../oci/types.ts";
import { shownText } from "./shown-text.ts";

/** No manifest or index is longer (distribution-spec "Pushing Manifests" asks registries for this much). */
export const manifestLimit = 4 * 1024 * 1024;

export interface ReceivedManifest {
  /** What was asked for, for messages: `localhost:5000/a:1`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly contentType: string | null;
  /** `Docker-Content-Digest` */
  readonly contentDigest: string | null;
}

/**
 * Checks a received manifest or index and makes its descriptor. The digest of the bytes is the truth: it must be the one
 * that was asked for and the one that the registry claims. Throws `digest-mismatch`, `registry`, `invalid-image`,
 * `unsupported`.
 */
export function manifestDocument(received: ReceivedManifest, expected?: Descriptor | Digest): RawDocument {
  const { name, bytes } = received;
  const digest = sha256Of(bytes);
  const wanted = typeof expected === "string" ? expected : expected?.digest;
  if (wanted !== undefined && wanted !== digest) {
    throw new BerthError(
      "digest-mismatch",
      `the manifest of ${name} has digest ${digest}, but ${wanted} was asked for`,
      { hint: "nothing was kept; the registry's content is damaged or was tampered with" },
    );
  }
  checkClaim(name, digest, bytes, received.contentDigest);
  if (typeof expected === "object" && expected.size !== bytes.length) {
    throw new BerthError(
      "digest-mismatch",
      `the manifest ${digest} of ${name} is ${bytes.length} bytes long, but its descriptor says ${expected.size}`,
    );
  }
  const mediaType = documentMediaType(
    name,
    bytes,
    received.contentType,
    typeof expected === "object" ? expected.mediaType : undefined,
  );
  if (typeof expected === "object") return { descriptor: expected, bytes };
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/** `Docker-Content-Digest` may use another algorithm than sha256; a digest that is none, or another one, is refused. */
function checkClaim(name: string, digest: Digest, bytes: Uint8Array, claim: string | null): void {
  if (claim === null || claim.trim() === "") return;
  const text = claim.trim();
  const sha512 = /^sha512:[a-f0-9]{128}$/.test(text);
  if (!sha512 && digestFault(text) !== undefined) {
    throw new BerthError(
      "registry",
      `the registry states "${shownText(text)}" as the digest of ${name}, which is no digest`,
    );
  }
  const actual = sha512 ? `sha512:${new Bun.CryptoHasher("sha512").update(bytes).digest("hex")}` : digest;
  if (actual === text) return;
  throw new BerthError(
    "digest-mismatch",
    `the manifest of ${name} has digest ${actual}, but the registry states ${text}`,
    { hint: "nothing was kept; the registry's content is damaged or was tampered with" },
  );
}

/**
 * One media type on which header, document and descriptor agree, so that nobody else reads the same bytes as another kind
 * of document (CVE-2021-41190). A header or document that names none leaves it to the others.
 */
function documentMediaType(
  name: string,
  bytes: Uint8Array,
  contentType: string | null,
  descriptorType: string | undefined,
): string {
  const header = (contentType ?? "").replace(/;.*$/s, "").trim().toLowerCase();
  if (isSchema1(header)) {
    throw new BerthError(
      "unsupported",
      `${name} is an image in Docker's manifest schema 1, which is not supported`,
      { hint: "push it again with a current tool, which writes schema 2 or OCI" },
    );
  }
  const fields = parseFields(name, bytes);
  if (fields.schemaVersion === 1)
    throw new BerthError(
      "unsupported",
      `${name} is an image in Docker's manifest schema 1, which is not supported`,
    );
  const hasManifests = "manifests" in fields;
  const hasLayers = "layers" in fields || "config" in fields;
  const ambiguous = (why: string) =>
    new BerthError("invalid-image", `the manifest of ${name} is ambiguous: ${why}`, {
      hint: "documents that can be read in two ways are refused (CVE-2021-41190)",
    });
  if (hasManifests && hasLayers) throw ambiguous("it has both manifests and layers");
  const own = typeof fields.mediaType === "string" ? fields.mediaType : undefined;
  const stated = [own, isKnown(header) ? header : undefined, descriptorType].filter(
    (type) => type !== undefined,
  );
  const mediaType = stated[0] ?? (hasManifests ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  for (const other of stated)
    if (other !== mediaType) throw ambiguous(`it is called both ${shownText(mediaType)} and ${other}`);
  if (!isKnown(mediaType)) {
    throw new BerthError(
      "unsupported",
      `${name} has media type ${shownText(mediaType)}, which is neither an image manifest nor an index`,
    );
  }
  if (isIndex(mediaType) ? hasLayers : hasManifests)
    throw ambiguous(`it is called ${mediaType} but has ${hasManifests ? "manifests" : "layers"}`);
  return mediaType;
}

function parseFields(name: string, bytes: Uint8Array): Record<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new BerthError("registry", `the registry's answer for ${name} is not a JSON document`, {
      cause: error,
    });
  }
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw new BerthError("registry", `the registry's answer for ${name} is not a JSON object`);
  return { ...document };
}

function isKnown(mediaType: string): boolean {
  return isIndex(mediaType) || isManifest(mediaType);
}
