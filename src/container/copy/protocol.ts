/**
 * What `internal-copy` is asked for, as one JSON document on its stdin; it answers like any worker
 * (snapshot/worker-protocol.ts), and the files pass as a tar on `dataDescriptor`.
 */
import type { ProcessIdentity } from "../../sys/process-identity.ts";
import type { RootMount } from "../../sys/root-mount.ts";
import type { Operation } from "../operations.ts";
import type { ReceiveRequest } from "./receive.ts";
import type { SendRequest } from "./send.ts";

export interface CopyRequest {
  readonly place: CopyPlace;
  /** As the user called the container. */
  readonly container: string;
  readonly work: CopyWork;
}

export type CopyWork =
  | ({ readonly kind: "send" } & SendRequest)
  | ({ readonly kind: "receive" } & ReceiveRequest);

/** Where a container's files are. */
export type CopyPlace =
  /** It runs: its first process sees them. */
  | { readonly kind: "running"; readonly process: ProcessIdentity }
  /** It does not: the worker mounts them for itself. */
  | {
      readonly kind: "stopped";
      readonly root: RootMount;
      /** What comes on the root, in order. */
      readonly mounts: readonly Operation[];
    };

export interface CopyResult {
  /** Bytes of file content that were received. */
  readonly size: number;
  /** What could not be kept, for a person. */
  readonly notes: readonly string[];
}
