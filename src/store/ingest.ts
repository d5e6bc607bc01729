import type { BlobStream } from "../oci/transport.ts";
import type { Lease } from "./locks.ts";

export interface IngestOptions {
  /** Keeps the blob from being removed until it is disposed; without it the blob is only protected while it is written. */
  readonly lease?: Lease;
  readonly signal?: AbortSignal;
  /** Bytes of the blob that are there, whenever there are more, and 0 when it has to start over. None of them is verified yet. */
  readonly onProgress?: (bytes: number) => void;
  /** All bytes are there and match. */
  readonly onVerified?: () => void;
}

/** Opens the blob at an offset; may answer from an earlier one, which then is said in the stream. */
export type OpenBlob = (offset: number) => Promise<BlobStream>;
