import type { ByteString } from "../sys/byte-string.ts";
import type { FileStatus } from "../sys/file-status.ts";
import type { FileMetadata } from "./file-metadata.ts";

/** One thing in a tree that is being walked; directories come before what is in them. */
export interface TreeEntry {
  /** Names from the root; none for the root itself. */
  readonly path: readonly ByteString[];
  /** Where it is: an open directory, open until the walk goes on, and the name there (`.` for the root). */
  readonly directory: number;
  readonly name: ByteString;
  readonly status: FileStatus;
  /** What it shall be, where that is not what it is. */
  readonly as?: (metadata: FileMetadata) => FileMetadata;
}

/** An empty directory or a file of a layer that is on no disk. */
export interface MadeEntry extends FileMetadata {
  readonly kind: "made";
  readonly path: readonly ByteString[];
  /** Undefined: a directory. */
  readonly content?: Uint8Array;
  /** Seconds since 1970. */
  readonly modified: number;
}

/** How a tree differs from the one below, in the order in which a layer says it. */
export type TreeChange =
  | ({ readonly kind: "added" | "changed" } & TreeEntry)
  /** Nothing of the tree below shows in the directory, whose entry came just before. */
  | { readonly kind: "opaque"; readonly path: readonly ByteString[] }
  /** `byOpaque`: said already by the opaque directory that it was in. */
  | { readonly kind: "deleted"; readonly path: readonly ByteString[]; readonly byOpaque: boolean };
