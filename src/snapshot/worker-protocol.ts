/**
 * What a worker is asked for and what it answers. The request is a line of JSON on its stdin, the events are lines of JSON
 * on its stdout:
 *
 *     engine                         worker (root of a user namespace, own mount namespace)
 *       | request --------------------> |  opens what the request names
 *       |                               |  chroot, from here on only descriptors below it
 *       | length * (unpack, arriving) > |  a decimal number on a line: so many bytes of the blob are there
 *       | end of stdin ---------------> |  the blob is whole
 *       | <------ progress * (unpack)   |
 *       | <====== tar (archive)         |  on a descriptor of its own
 *       | <------ result | error        |  exactly one, then it exits
 */
import type { ErrorCode } from "../base/errors.ts";
import type { Digest } from "../oci/types.ts";
import type {
  GrownTree,
  LayerRequest,
  SquashRequest,
  TreeDifference,
  UnpackResult,
  WrittenLayer,
} from "./types.ts";

export type WorkerRequest =
  | {
      readonly kind: "unpack";
      readonly blob: string;
      /** Where the blob is while it is received; lengths follow the request. */
      readonly arriving?: string;
      readonly diffId: Digest;
      readonly target: string;
      readonly maximumSize?: number;
    }
  /** Removes a tree whatever its owners and modes are. Missing is fine. */
  | { readonly kind: "remove"; readonly path: string }
  /** Copies layers, lowest first, over each other into a directory that does not exist yet. */
  | { readonly kind: "copy"; readonly layers: readonly string[]; readonly target: string }
  /** Gives implied directories of layers, lowest first, what the layers below say of them. */
  | { readonly kind: "complete"; readonly layers: readonly string[] }
  | ({ readonly kind: "difference" } & GrownTree)
  | ({ readonly kind: "write-layer" } & LayerRequest)
  | ({ readonly kind: "squash" } & SquashRequest)
  /** Writes a tar of layers, lowest first and seen as one tree, to `dataDescriptor`. */
  | { readonly kind: "archive"; readonly layers: readonly string[] }
  /** Mounts an overlay below a directory that does not exist yet, uses it and leaves nothing. */
  | { readonly kind: "probe-overlay"; readonly directory: string };

/** What requests are answered with; the others only with success. */
export interface WorkerResults {
  readonly unpack: UnpackResult;
  readonly difference: TreeDifference;
  readonly "write-layer": WrittenLayer;
  readonly squash: WrittenLayer;
}

export type ResultOf<Request extends { readonly kind: string }> = Request["kind"] extends keyof WorkerResults
  ? WorkerResults[Request["kind"]]
  : undefined;

/** Where a worker writes what is no event. */
export const dataDescriptor = 3;

export type WorkerEvent =
  /** Compressed bytes read so far. */
  | { readonly event: "progress"; readonly bytes: number }
  | { readonly event: "result"; readonly result?: unknown }
  | {
      readonly event: "error";
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint?: string;
    };
