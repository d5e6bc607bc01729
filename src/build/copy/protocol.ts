/** What the `internal-build-worker` is asked for and answers; how they talk is in snapshot/worker-protocol.ts. */
import type { WrittenLayer } from "../../oci/unpacker.ts";
import type { LayerTarget } from "../../snapshot/types.ts";
import type { ModeChange } from "../plan/types.ts";
import type { Stub } from "./remove-stubs.ts";

/** Files to copy: layers (lowest first) seen as one, or one directory of the host. */
export interface TreeItem {
  readonly kind: "tree";
  readonly roots: readonly string[];
  /** In the tree, with Go's wildcards; a link is followed inside the tree. */
  readonly path: string;
  readonly exclude: readonly string[];
  /** `--parents`: only what matches comes, with the directories that are above it below `path`. */
  readonly include?: string;
  /** The patterns of .dockerignore. */
  readonly ignore: readonly string[];
  /** Otherwise everything is root's, as what comes from a build context is. */
  readonly keepOwners: boolean;
  /** The tree is an archive that was unpacked: all of it goes, as it says. */
  readonly archive: boolean;
}

export type CopyItem =
  | TreeItem
  | { readonly kind: "file"; readonly name: string; readonly content: string }
  /** A file of the host under another name. */
  | { readonly kind: "download"; readonly name: string; readonly path: string };

export interface CopyRequest {
  readonly kind: "copy";
  /** The layers below, lowest first. */
  readonly base: readonly string[];
  readonly target: LayerTarget;
  readonly items: readonly CopyItem[];
  /** Absolute; with a slash at its end a directory. Without items it is only made, if it is missing. */
  readonly destination: string;
  /** Undefined: what the item says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly mode?: ModeChange;
  /** A directory comes itself, as a mount shows it; COPY takes only what is in it. */
  readonly whole?: boolean;
  /** What is made is dated so, in seconds since 1970. */
  readonly now: number;
  /** Nothing is dated later. */
  readonly latest?: number;
}

/** The digest of what would be copied. */
export interface DigestRequest {
  readonly kind: "digest";
  readonly items: readonly TreeItem[];
}

/** Removes what mounts stood on. */
export interface RemoveStubsRequest {
  readonly kind: "remove-stubs";
  /** An upper directory, or a whole root. */
  readonly tree: string;
  readonly base: readonly string[];
  readonly stubs: readonly Stub[];
}

/** Gives a file of the person's, which may be a socket, to another one of their ids. */
export interface GiveRequest {
  readonly kind: "give";
  readonly directory: string;
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export type BuildWorkerRequest = CopyRequest | DigestRequest | RemoveStubsRequest | GiveRequest;

export interface BuildWorkerResults {
  readonly copy: WrittenLayer;
  readonly digest: ContentDigest;
  readonly "remove-stubs": undefined;
  readonly give: undefined;
}

export interface ContentDigest {
  readonly digest: string;
  /** Bytes of file content. */
  readonly size: number;
}
