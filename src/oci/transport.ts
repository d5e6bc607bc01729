/**
 * Where image content comes from, by ability. A registry, an OCI layout, a docker-archive and the store itself
 * implement these, so that pull, load and copy are one function over different ends.
 */
import type { Descriptor, Digest, Reference } from "./types.ts";

/** The raw bytes of a manifest or index; their digest is `descriptor.digest` and was verified. */
export interface RawDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** The media type of a document that was checked when it came before, and need not be again; undefined for any other. */
export type CheckedAs = (digest: Digest) => string | undefined;

export interface Resolver {
  /**
   * The manifest or index that a reference names. A reference with a digest is answered by digest.
   * Throws `not-found`, `unauthorized`, `network`, `registry`, `digest-mismatch`.
   */
  resolve(reference: Reference, signal?: AbortSignal, checkedAs?: CheckedAs): Promise<RawDocument>;
}

export interface TagLister {
  /** All tags of a repository, in the source's order. Throws `not-found`, `unauthorized`, `network`, `registry`. */
  listTags(repository: Reference, signal?: AbortSignal): Promise<readonly string[]>;
}

export interface FetchOptions {
  /** Bytes that are there already. A source that cannot continue starts over and says so by `offset: 0`. */
  readonly offset?: number;
  readonly signal?: AbortSignal;
}

export interface BlobStream {
  /** Where in the blob the first byte of `body` is. */
  readonly offset: number;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Fetcher {
  /** A manifest by descriptor, verified, at most 4 MiB. */
  fetchManifest(repository: Reference, descriptor: Descriptor, signal?: AbortSignal): Promise<RawDocument>;
  /** The compressed bytes of a config or layer. **Not verified**: the store does that while it writes. */
  fetchBlob(repository: Reference, descriptor: Descriptor, options?: FetchOptions): Promise<BlobStream>;
  /** A file with the content, not verified either, that the taker may move away; undefined where there is none. */
  takeBlob?(descriptor: Descriptor): string | undefined;
}

/** The compressed bytes of a blob from an offset on. */
export type BlobBytes = (offset: number) => AsyncIterable<Uint8Array>;

export interface PushBlobOptions {
  /** Another repository of the same registry that has the blob, as its path; the registry may take it from there. */
  readonly mountFrom?: string;
  /** Told how many bytes of the blob were handed over so far; starts over when the registry does. */
  readonly onBytes?: (sent: number) => void;
  readonly signal?: AbortSignal;
}

/** How a blob came to be in the repository. */
export type PushedBlob =
  | { readonly kind: "pushed" }
  | { readonly kind: "present" }
  | { readonly kind: "mounted"; readonly from: string };

export interface Pusher {
  /**
   * Makes sure that the repository has the blob; `open` may be called several times. The registry verifies the digest.
   * Throws `unauthorized`, `denied`, `network`, `registry`.
   */
  pushBlob(
    repository: Reference,
    descriptor: Descriptor,
    open: BlobBytes,
    options?: PushBlobOptions,
  ): Promise<PushedBlob>;
  /** Puts a manifest or index, byte for byte, under the reference's tag, or under its digest. What it names must be there. */
  pushManifest(reference: Reference, document: RawDocument, signal?: AbortSignal): Promise<void>;
}

/** What a transfer tells about one object. `id` is the first 12 hex digits of the digest, as Docker prints it. */
export type TransferProgress =
  | { readonly kind: "status"; readonly id: string; readonly digest: Digest; readonly status: TransferStatus }
  | {
      readonly kind: "bytes";
      readonly id: string;
      readonly digest: Digest;
      readonly status: "Downloading" | "Extracting" | "Pushing";
      readonly current: number;
      /** Undefined where the size is not known beforehand. */
      readonly total?: number;
    };

export type TransferStatus =
  | "Pulling fs layer"
  | "Waiting"
  | "Verifying Checksum"
  | "Download complete"
  | "Pull complete"
  | "Already exists"
  | "Preparing"
  | "Layer already exists"
  | `Mounted from ${string}`
  | "Pushed"
  | `Retrying in ${number} second${"s" | ""}`;

export type ProgressListener = (progress: TransferProgress) => void;
