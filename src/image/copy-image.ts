import { BerthError } from "../base/errors.ts";
import { shortDigest } from "../oci/digest.ts";
import { isElsewhere } from "../oci/media-types.ts";
import { selectPlatform } from "../oci/platform.ts";
import { trimReference } from "../oci/reference.ts";
import type {
  BlobBytes,
  Fetcher,
  ProgressListener,
  Pusher,
  RawDocument,
  TransferStatus,
} from "../oci/transport.ts";
import type { Descriptor, Digest, Manifest, Platform, Reference } from "../oci/types.ts";
import { parseManifestOrIndex } from "../oci/validate.ts";
import { maximumConfigSize } from "../oci/validate-config.ts";
import { verifiedBytes } from "../oci/verified-bytes.ts";
import { createLimiter } from "./limiter.ts";
import { maximumIndexDepth, noMatchingManifest, tooDeep } from "./select-manifest.ts";
import { untilFailure } from "./until-failure.ts";

/** What is copied, from where. */
export interface CopySource {
  readonly source: Fetcher;
  /** For the source; its tag or digest does not count any more. */
  readonly repository: Reference;
  /** What the name at the source stands for. */
  readonly root: RawDocument;
}

/** A document to copy; an index names others, which come before it. */
export interface CopiedDocument {
  readonly document: RawDocument;
  readonly manifest?: Manifest;
}

/**
 * The documents below `root` that a copy takes along, the root of the copy last: of an index the manifest for `platform`, or the
 * index itself with everything in it when `platform` is "all". Throws `not-found` where no platform suits.
 */
export async function documentsOf(
  { source, repository, root }: CopySource,
  platform: Platform | "all",
  signal?: AbortSignal,
): Promise<readonly CopiedDocument[]> {
  const walk = async (document: RawDocument, depth: number): Promise<CopiedDocument[]> => {
    const parsed = parseManifestOrIndex(document.bytes, document.descriptor.mediaType);
    if (parsed.kind === "manifest") return [{ document, manifest: parsed.manifest }];
    if (depth === maximumIndexDepth) throw tooDeep();
    const { manifests } = parsed.index;
    const chosen = platform === "all" ? manifests : [selectPlatform(manifests, platform)];
    const below: CopiedDocument[] = [];
    for (const child of chosen) {
      if (child === undefined) throw noMatchingManifest(platform as Platform, manifests);
      below.push(...(await walk(await source.fetchManifest(repository, child, signal), depth + 1)));
    }
    return platform === "all" ? [...below, { document }] : below;
  };
  return walk(root, 0);
}

/** The blobs that documents name, each once; layers that are to stay elsewhere are left there. */
export function blobsOf(documents: readonly CopiedDocument[]): readonly Descriptor[] {
  const blobs = new Map<Digest, Descriptor>();
  for (const { manifest } of documents)
    for (const blob of manifest === undefined ? [] : [...manifest.layers, manifest.config])
      if (!isElsewhere(blob)) blobs.set(blob.digest, blob);
  return [...blobs.values()];
}

/** The bytes of a blob of the source; a whole one is verified, the rest of one is the target's to verify. */
export function sourceBytes(
  { source, repository }: CopySource,
  blob: Descriptor,
  signal?: AbortSignal,
): BlobBytes {
  return async function* (offset) {
    const stream = await source.fetchBlob(repository, blob, { offset, ...(signal ? { signal } : {}) });
    if (offset === 0) return yield* verifiedBytes(stream.body, blob);
    let skip = offset - stream.offset;
    for await (const chunk of stream.body) {
      if (skip < chunk.byteLength) yield skip > 0 ? chunk.subarray(skip) : chunk;
      skip = Math.max(0, skip - chunk.byteLength);
    }
  };
}

/** A small blob of the source, verified and whole. */
export async function copiedBytes(
  from: CopySource,
  blob: Descriptor,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (blob.size > maximumConfigSize)
    throw new BerthError(
      "invalid-image",
      `blob ${blob.digest} has ${blob.size} bytes, at most ${maximumConfigSize} fit`,
    );
  const parts: Uint8Array[] = [];
  for await (const part of sourceBytes(from, blob, signal)(0)) parts.push(part);
  return Buffer.concat(parts);
}

export interface CopyRequest extends CopySource {
  readonly target: Pusher;
  /** With a tag, or without one where the target does not need it. */
  readonly reference: Reference;
  /** As `documentsOf` found them. */
  readonly documents: readonly CopiedDocument[];
  /** Another repository of the same registry that has a blob, as its path. */
  readonly mountFrom?: string;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** Blobs on their way at the same time, as in a push. */
const concurrency = 5;

/**
 * Brings an image from one end to the other, byte for byte, without a store in between: blobs in any order, then documents, the
 * root last. Answers the root's descriptor. The first failure ends all.
 */
export async function copyImage(request: CopyRequest): Promise<Descriptor> {
  const { target, reference, documents, onProgress, mountFrom } = request;
  const limited = createLimiter(concurrency);
  const copy = async (blob: Descriptor, signal: AbortSignal) => {
    const { digest, size: total } = blob;
    const id = shortDigest(digest);
    const tell = (status: TransferStatus) => onProgress?.({ kind: "status", id, digest, status });
    signal.throwIfAborted();
    const done = await target.pushBlob(reference, blob, sourceBytes(request, blob, signal), {
      signal,
      ...(mountFrom === undefined ? {} : { mountFrom }),
      onBytes: (current) => onProgress?.({ kind: "bytes", id, digest, status: "Pushing", current, total }),
    });
    if (done.kind === "present") tell("Already exists");
    else tell(done.kind === "mounted" ? `Mounted from ${done.from}` : "Pushed");
  };
  await untilFailure(request.signal, (signal) =>
    blobsOf(documents).map((blob) => limited(() => copy(blob, signal))),
  );
  const root = documents.at(-1)!.document;
  for (const { document } of documents) {
    const { digest } = document.descriptor;
    const name = document === root ? reference : { ...trimReference(reference), digest };
    await target.pushManifest(name, document, request.signal);
  }
  return root.descriptor;
}
