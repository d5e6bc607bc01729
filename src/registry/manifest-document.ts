import { BerthError } from "../base/errors.ts";
import { digestFault, sha256Of } from "../oci/digest.ts";
import { isIndex, isManifest, mediaTypes } from "../oci/media-types.ts";
import type { CheckedAs, RawDocument } from "../oci/transport.ts";
import type { Descriptor, Digest } from "../oci/types.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import type { Answer } from "./exchange.ts";
import { shownText } from "./shown-text.ts";
import { isWebPage, webPage } from "./web-page.ts";

export interface ReceivedManifest {
  /** What was asked for, for messages: `localhost:5000/a:1`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly contentType: string | null;
  /** `Docker-Content-Digest` */
  readonly contentDigest: string | null;
}

/** Reads an answer that is a manifest or index. `name` is what was asked for; throws what `manifestDocument` throws. */
export async function receiveManifest(
  answer: Answer,
  name: string,
  expected?: Descriptor | Digest,
  checkedAs?: CheckedAs,
): Promise<RawDocument> {
  if (isWebPage(answer)) throw await webPage(answer);
  const bytes = await answer.bytes(maximumManifestSize);
  const contentType = answer.headers.get("content-type");
  const contentDigest = answer.headers.get("docker-content-digest");
  return manifestDocument({ name, bytes, contentType, contentDigest }, expected, checkedAs);
}

/**
 * Checks a received manifest or index and makes its descriptor. The digest of the bytes is the truth: it must be the one
 * that was asked for and the one that the registry claims. Throws `digest-mismatch`, `registry`, `invalid-image`,
 * `unsupported`.
 */
export async function manifestDocument(
  received: ReceivedManifest,
  expected?: Descriptor | Digest,
  checkedAs?: CheckedAs,
): Promise<RawDocument> {
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
  const mediaType =
    checkedAs?.(digest) ??
    (await documentMediaType(
      name,
      bytes,
      received.contentType,
      typeof expected === "object" ? expected.mediaType : undefined,
    ));
  if (typeof expected === "object") return { descriptor: expected, bytes };
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/** `Docker-Content-Digest` may use another algorithm than sha256; a digest that is none, or another one, is refused. */
function checkClaim(name: string, digest: Digest, bytes: Uint8Array, claim: string | null): void {
  const text = claim?.trim() ?? "";
  if (text === digest || text === "") return;
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
async function documentMediaType(
  name: string,
  bytes: Uint8Array,
  contentType: string | null,
  descriptorType: string | undefined,
): Promise<string> {
  const { parseManifestOrIndex } = await import("../oci/validate.ts");
  const header = (contentType ?? "").replace(/;.*$/s, "").trim().toLowerCase();
  try {
    const document = parseManifestOrIndex(bytes, header);
    if (descriptorType !== undefined) parseManifestOrIndex(bytes, descriptorType);
    if (isKnown(header) && isKnown(descriptorType) && header !== descriptorType) {
      throw new BerthError(
        "invalid-image",
        `invalid manifest: its descriptor says "${descriptorType}", but it was sent as "${header}"`,
      );
    }
    const isIndexDocument = document.kind === "index";
    const own = isIndexDocument ? document.index.mediaType : document.manifest.mediaType;
    const fallback = isIndexDocument ? mediaTypes.ociIndex : mediaTypes.ociManifest;
    return own ?? [header, descriptorType].find(isKnown) ?? fallback;
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(error.code, `${name}: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

function isKnown(mediaType: string | undefined): mediaType is string {
  return mediaType !== undefined && (isIndex(mediaType) || isManifest(mediaType));
}
