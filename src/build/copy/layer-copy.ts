import { S } from "../../sys/kernel-numbers.ts";
import { impliedAttribute } from "../../archive/layer/implied-directories.ts";
import { BerthError } from "../../base/errors.ts";
import { DirectoryStack, type Found, isDirectory } from "../../snapshot/directory-stack.ts";
import type { FileMetadata } from "../../snapshot/file-metadata.ts";
import type { MadeEntry, TreeEntry } from "../../snapshot/tree-entry.ts";
import { type ByteString, toByteString } from "../../sys/byte-string.ts";
import { changedMode } from "../plan/mode-change.ts";
import type { CopyItem, CopyRequest, TreeItem } from "./protocol.ts";
import { Selection, type Selected, shownPath } from "./selection.ts";
import { Tree, type TreePlace } from "./tree-path.ts";

export type CopiedEntry = MadeEntry | (TreeEntry & { readonly kind?: undefined });

type Kind = "directory" | "other" | undefined;

const newDirectoryMode = 0o755;
const newFileMode = 0o644;
const downloadMode = 0o600;

/**
 * The entries of the layer that a COPY or ADD makes, destination first. The layers below are only looked at: where links
 * lead, what is there already. Directories above what is copied are told again as they are, so that nobody who unpacks
 * the layer alone has to invent them.
 */
export class LayerCopy {
  readonly #request: CopyRequest;
  readonly #base: Tree;
  /** What this layer has made so far, by path. */
  readonly #made = new Map<ByteString, Kind>();

  constructor(request: CopyRequest, base: Tree) {
    this.#request = request;
    this.#base = base;
  }

  /** `open` opens the tree of an item, or the directory of a download; it stays open until the end. */
  *entries(open: (roots: readonly string[]) => readonly number[]): Generator<CopiedEntry> {
    const { items } = this.#request;
    const destination = toByteString(this.#request.destination);
    const path = this.#resolved(destination);
    if (items.length === 0 && this.#kindOf(path) !== "directory")
      yield* this.#directory(path, { itself: true });
    const isDirectory = destination.endsWith("/");
    for (const item of items) {
      if (item.kind !== "tree") {
        if (isDirectory) yield* this.#directory(path);
        yield* this.#single(item, path, open);
        continue;
      }
      const tree = new Tree(this.#base.calls, open(item.roots));
      const selection = new Selection(tree, item);
      for (const selected of selection.select()) {
        if (isDirectory) yield* this.#directory(path, item);
        yield* this.#selected(item, selection, selected, path);
      }
    }
  }

  #resolved(path: ByteString): readonly ByteString[] {
    using place = this.#base.resolve(path);
    return place.path;
  }

  #kindOf(path: readonly ByteString[]): Kind {
    const made = this.#made.get(path.join("/"));
    if (made !== undefined) return made;
    using place = this.#base.resolve(path.join("/"));
    return kindOf(place.found);
  }

  /** Makes a directory and those above it where they are missing, each with a mode of its own unless `--chmod` is octal. */
  *#directory(
    path: readonly ByteString[],
    { itself = false, archive = false }: { readonly itself?: boolean; readonly archive?: boolean } = {},
  ): Generator<CopiedEntry> {
    const { mode } = this.#request;
    const newMode = typeof mode === "number" && !archive ? mode & 0o777 : newDirectoryMode;
    for (let depth = 1; depth <= path.length; depth++) {
      const here = path.slice(0, depth);
      const key = here.join("/");
      const made = this.#made.get(key);
      if (made === "directory") continue;
      using place = this.#base.resolve(key);
      const before = made ?? kindOf(place.found);
      if (before === "other") throw notDirectory(here);
      this.#made.set(key, "directory");
      if (before === undefined) {
        const metadata = this.#as(
          undefined,
          true,
        )({ uid: 0, gid: 0, mode: newDirectoryMode, attributes: [] });
        yield {
          kind: "made",
          path: here,
          modified: this.#request.now,
          ...metadata,
          ...(itself && depth === path.length ? {} : { mode: newMode }),
        };
      } else {
        const { directory, status } = place.found!;
        yield { path: here, directory, status, name: "." };
      }
    }
  }

  /** The path of a file that comes to `destination`: inside, where that is a directory. */
  *#fileTarget(
    destination: readonly ByteString[],
    name: ByteString,
  ): Generator<CopiedEntry, readonly ByteString[]> {
    // The root is one, even where no layer has it yet.
    const inside = destination.length === 0 || this.#kindOf(destination) === "directory";
    const target = inside ? [...destination, name] : destination;
    if (this.#kindOf(target) === "directory") throw overDirectory(target);
    yield* this.#directory(target.slice(0, -1));
    this.#made.set(target.join("/"), "other");
    return target;
  }

  *#single(
    item: Exclude<CopyItem, TreeItem>,
    destination: readonly ByteString[],
    open: (roots: readonly string[]) => readonly number[],
  ): Generator<CopiedEntry> {
    const path = yield* this.#fileTarget(destination, toByteString(item.name));
    const as = this.#as(undefined, false);
    if (item.kind === "file") {
      const metadata = as({ uid: 0, gid: 0, mode: newFileMode, attributes: [] });
      const content = Buffer.from(item.content);
      yield { kind: "made", path, content, modified: this.#request.now, ...metadata };
      return;
    }
    const at = item.path.lastIndexOf("/");
    const [directory] = open([item.path.slice(0, at)]);
    const source = toByteString(item.path.slice(at + 1));
    const status = this.#base.calls.status(directory!, source);
    if (typeof status === "number") throw new BerthError("internal", `${item.path} is gone`);
    const plain = { uid: 0, gid: 0, mode: downloadMode, attributes: [] };
    yield { path, directory: directory!, status, name: source, as: () => as(plain) };
  }

  *#selected(
    item: TreeItem,
    selection: Selection,
    { name, place }: Selected,
    destination: readonly ByteString[],
  ): Generator<CopiedEntry> {
    const found = place.found!;
    if (!isDirectory(found.status)) {
      const path = yield* this.#fileTarget(destination, name);
      const as = this.#asFile(item, found);
      yield { path, directory: found.directory, status: found.status, name: place.path.at(-1)!, as };
      return;
    }
    yield* this.#directory(destination, item);
    if (this.#request.whole || (item.archive && !this.#isImplied(place.stack)))
      yield this.#root(item, place, destination);
    using base = this.#base.resolve(destination.join("/"));
    yield* this.#contents(
      item,
      selection,
      { stack: place.stack, path: place.path, below: [] },
      destination,
      base.stack,
    );
  }

  /** What a directory becomes that comes itself; whoever made a build context chose no mode for it. */
  #root(item: TreeItem, place: TreePlace, path: readonly ByteString[]): CopiedEntry {
    const { directory, status } = place.found!;
    const as = this.#as(item, true);
    const isContext = !item.keepOwners && place.path.length === 0;
    return {
      path,
      directory,
      status,
      name: ".",
      as: isContext ? (metadata) => as({ ...metadata, mode: newDirectoryMode }) : as,
    };
  }

  *#contents(
    item: TreeItem,
    selection: Selection,
    from: { stack: DirectoryStack; path: readonly ByteString[]; below: readonly ByteString[] },
    destination: readonly ByteString[],
    base: DirectoryStack,
  ): Generator<CopiedEntry> {
    for (const { name, found, stack } of selection.inside(from.stack, from.path, from.below)) {
      const path = [...destination, name];
      const { directory, status } = found;
      const before = this.#made.get(path.join("/")) ?? kindOf(base.find(name));
      if (stack === undefined) {
        if (before === "directory" && !item.archive) throw overDirectory(path);
        this.#made.set(path.join("/"), "other");
        yield { path, directory, status, name, as: this.#asFile(item, found) };
        continue;
      }
      const inner = { stack, path: [...from.path, name], below: [...from.below, name] };
      if (item.archive && this.#isImplied(stack)) {
        using place = this.#base.resolve(path.join("/"));
        yield* this.#directory(place.path, item);
        yield* this.#contents(item, selection, inner, place.path, place.stack);
        continue;
      }
      if (before === "other" && !item.archive) throw notDirectory(path);
      this.#made.set(path.join("/"), "directory");
      yield { path, directory, status, name, as: this.#as(item, true) };
      using below = before === "directory" ? base.child(name) : DirectoryStack.ofRoots(this.#base.calls, []);
      yield* this.#contents(item, selection, inner, path, below);
    }
  }

  /** A directory that the archive has no entry for: what is in it goes where the path leads. */
  #isImplied(stack: DirectoryStack): boolean {
    return typeof this.#base.calls.getAttribute(stack.top!, toByteString(impliedAttribute)) !== "number";
  }

  #asFile(item: TreeItem, { status }: Found): (metadata: FileMetadata) => FileMetadata {
    const as = this.#as(item, false);
    if ((status.mode & S.IFMT) !== S.IFLNK) return as;
    return (metadata) => ({ ...as(metadata), mode: metadata.mode });
  }

  /** `--chown` and, but for archives, `--chmod`; what comes from a build context is root's unless they say otherwise. */
  #as(item: TreeItem | undefined, directory: boolean): (metadata: FileMetadata) => FileMetadata {
    const { owner } = this.#request;
    const mode = item?.archive ? undefined : this.#request.mode;
    return (metadata) => ({
      ...metadata,
      ...(owner ?? (item?.keepOwners ? {} : { uid: 0, gid: 0 })),
      mode: mode === undefined ? metadata.mode : changedMode(metadata.mode, directory, mode),
    });
  }
}

function kindOf(found: Found | undefined): Kind {
  if (found === undefined) return undefined;
  return isDirectory(found.status) ? "directory" : "other";
}

function notDirectory(path: readonly ByteString[]): BerthError {
  return new BerthError("invalid-argument", `cannot copy to non-directory: ${shownPath(path)}`);
}

function overDirectory(path: readonly ByteString[]): BerthError {
  return new BerthError("invalid-argument", `cannot replace to directory ${shownPath(path)} with file`);
}
