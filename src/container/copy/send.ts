import { S } from "../../sys/kernel-numbers.ts";
import type { BerthError } from "../../base/errors.ts";
import { plainTree } from "../../snapshot/plain-tree.ts";
import { tarTree } from "../../snapshot/tar-tree.ts";
import type { ByteString } from "../../sys/byte-string.ts";
import { baseOf, type CopyPath } from "./copy-path.ts";
import { type CopyTree, locate } from "./locate.ts";

export interface SendRequest {
  readonly source: CopyPath;
  /** A link at the end of the path stands for what it leads to; it keeps its own name. */
  readonly follow: boolean;
}

/**
 * A tar of what a path names, under its last name, or without one where a directory's content is meant. `missing` makes
 * the error for what is not there.
 */
export function* sendTree(
  tree: CopyTree,
  { source, follow }: SendRequest,
  missing: (path: ByteString) => BerthError,
): Generator<Uint8Array> {
  using found = locate(tree, source, follow);
  if (found?.status === undefined) throw missing(source.path);
  if (source.means !== "anything" && (found.status.mode & S.IFMT) !== S.IFDIR) throw missing(source.path);
  const path = source.means === "content" ? [] : [baseOf(source.path)];
  const { directory, name, status } = found;
  const entries = plainTree(tree.calls, { path, directory, name, status }, tree.isOfKernel);
  yield* tarTree(tree.calls, entries, { skipGone: true });
}
