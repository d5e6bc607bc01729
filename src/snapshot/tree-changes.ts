import { S } from "../sys/kernel-numbers.ts";
import { fileSystemError } from "../archive/layer/file-system-error.ts";
import type { ByteString } from "../sys/byte-string.ts";
import type { FileStatus } from "../sys/file-status.ts";
import type { FileSyscalls } from "../sys/file-syscalls.ts";
import { DirectoryStack, type Found, isDirectory, isWhiteout } from "./directory-stack.ts";
import { isGivenToRoot, metadataOf, openIfThere, plainMetadata, sameMetadata } from "./file-metadata.ts";
import { isOpaque } from "./opaque.ts";
import { holdsScaffold, isScaffold } from "./scaffold.ts";
import type { TreeChange, TreeEntry } from "./tree-entry.ts";

export interface ChangesRequest {
  readonly calls: FileSyscalls;
  /** Open: the upper directory of an overlay, or a whole tree that began as a copy of `below`. */
  readonly tree: number;
  readonly form: "upper" | "whole";
  /** The layers below, open, highest first. */
  readonly below: readonly number[];
}

/**
 * How a container's tree differs from its image. An upper directory holds what was written, and all of it counts; a
 * whole tree is compared by type, size, time, owner, mode and attributes, and not by content, as Docker does where it
 * has no overlay. A directory that is as below is only told of for the sake of what is in it.
 */
export function* treeChanges(request: ChangesRequest): Generator<TreeChange> {
  const { calls, tree, below } = request;
  const lower = DirectoryStack.ofRoots(calls, below);
  const status = calls.status(tree, "");
  if (typeof status === "number") throw fileSystemError("read the status of", ".", status);
  const root: TreeEntry = { path: [], directory: tree, name: ".", status };
  const before = lower.top === undefined ? undefined : calls.status(lower.top, "");
  const known = typeof before === "object" ? { directory: lower.top!, status: before } : undefined;
  const inside = new Comparison(request).inside(DirectoryStack.ofRoots(calls, [tree]), lower, []);
  if (known === undefined || differs(calls, root, known)) yield { kind: "changed", ...root };
  yield* inside;
}

class Comparison {
  readonly #calls: FileSyscalls;
  readonly #form: ChangesRequest["form"];

  constructor({ calls, form }: ChangesRequest) {
    this.#calls = calls;
    this.#form = form;
  }

  /** `above` is one directory, `below` the same in the layers. */
  *inside(above: DirectoryStack, below: DirectoryStack, path: readonly ByteString[]): Generator<TreeChange> {
    const upper = this.#form === "upper";
    const opaque = upper && isOpaque(this.#calls, above.top!);
    const listed = upper && !opaque ? [] : below.names();
    if (opaque && listed.length > 0) yield { kind: "opaque", path };
    const names = new Set([...above.rawNames(), ...listed]);
    for (const name of [...names].sort()) {
      const status = this.#calls.status(above.top!, name);
      const there = typeof status !== "number" && !isWhiteout(status);
      const before = below.find(name);
      const here = [...path, name];
      if (there)
        yield* this.#entry({ path: here, directory: above.top!, name, status }, before, above, below);
      else if (before !== undefined) yield { kind: "deleted", path: here, byOpaque: opaque };
    }
  }

  /** See `isGivenToRoot`. */
  #replaced(entry: TreeEntry, before: Found): Pick<TreeEntry, "as"> {
    const regular = [entry.status, before.status].every(({ mode }) => (mode & S.IFMT) === S.IFREG);
    if (!regular) return {};
    const calls = this.#calls;
    const path = entry.path.join("/");
    const read = <T>(directory: number, look: (fd: number) => T): T | undefined => {
      const fd = openIfThere(calls, directory, entry.name, path);
      if (fd === undefined) return undefined; // gone since
      try {
        return look(fd);
      } finally {
        calls.close(fd);
      }
    };
    return {
      as(metadata) {
        if (metadata.uid !== 0 || metadata.gid !== 0) return metadata;
        if (!read(entry.directory, (fd) => isGivenToRoot(calls, fd))) return metadata;
        const replaced = read(before.directory, (fd) => metadataOf(calls, fd, before.status));
        return replaced === undefined ? metadata : { ...metadata, uid: replaced.uid, gid: replaced.gid };
      },
    };
  }

  *#entry(
    entry: TreeEntry,
    before: Found | undefined,
    above: DirectoryStack,
    below: DirectoryStack,
  ): Generator<TreeChange> {
    const kind = before === undefined ? "added" : "changed";
    const scaffold = before === undefined && isScaffold(entry.path, entry.status);
    if (!isDirectory(entry.status)) {
      const same = this.#form === "whole" && before && !differs(this.#calls, entry, before);
      if (!scaffold && !same) yield { kind, ...entry, ...(before && this.#replaced(entry, before)) };
      return;
    }
    const { name } = entry;
    using inner = above.child(name);
    if (inner.isEmpty) return; // gone since
    using lower = below.child(name);
    let told = before === undefined ? !scaffold : differs(this.#calls, entry, before);
    if (told) yield { kind, ...entry };
    for (const change of this.inside(inner, lower, entry.path)) {
      if (!told) yield { kind, ...entry };
      told = true;
      yield change;
    }
  }
}

/** Whether something is no longer as it was. */
export function differs(calls: FileSyscalls, entry: TreeEntry, before: Found): boolean {
  const [a, b] = [entry.status, before.status];
  if ((a.mode & S.IFMT) !== (b.mode & S.IFMT)) return true;
  const ageless = isDirectory(a) && holdsScaffold(entry.path);
  if (!ageless && !sameTime(a, b)) return true;
  if ((a.mode & S.IFMT) === S.IFREG && a.size !== b.size) return true;
  const { name } = entry;
  if (
    (a.mode & S.IFMT) === S.IFLNK &&
    calls.readLink(entry.directory, name) !== calls.readLink(before.directory, name)
  )
    return true;
  const path = entry.path.join("/");
  const metadata = (directory: number, status: FileStatus) => {
    const type = status.mode & S.IFMT;
    if (type !== S.IFREG && type !== S.IFDIR) return plainMetadata(status);
    const fd = openIfThere(calls, directory, name, path);
    if (fd === undefined) return undefined;
    try {
      return metadataOf(calls, fd, status);
    } finally {
      calls.close(fd);
    }
  };
  const [now, then] = [metadata(entry.directory, a), metadata(before.directory, b)];
  return now === undefined || then === undefined || !sameMetadata(now, then);
}

function sameTime(a: FileStatus, b: FileStatus): boolean {
  return a.modifiedSeconds === b.modifiedSeconds && a.modifiedNanoseconds === b.modifiedNanoseconds;
}
