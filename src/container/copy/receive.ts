import { S } from "../../sys/kernel-numbers.ts";
import { splitEntryPath } from "../../archive/layer/entry-path.ts";
import type { ExtractionNotes } from "../../archive/layer/extraction-notes.ts";
import { fileSystemError } from "../../archive/layer/file-system-error.ts";
import type { LayerEntry } from "../../archive/layer/layer-entry.ts";
import type { Owning } from "../../archive/layer/metadata-writer.ts";
import type { OwnerPolicy } from "../../archive/layer/owner-policy.ts";
import type { EntryWriter } from "../../archive/layer/read-tar.ts";
import { TreeWriter } from "../../archive/layer/tree-writer.ts";
import { BerthError } from "../../base/errors.ts";
import type { ByteString } from "../../sys/byte-string.ts";
import { O } from "../../sys/file-syscalls.ts";
import { type CopyPath, parentOf } from "./copy-path.ts";
import { type CopyTree, type Located, locate } from "./locate.ts";

export interface ReceiveRequest {
  readonly destination: CopyPath;
  /** `copy`: the tar is of one object (send.ts), and goes where `cp` puts it. `unpack`: all of it goes into a directory. */
  readonly manner: "copy" | "unpack";
  /** The owners that the tar says; without it everything belongs to root. */
  readonly keepOwners: boolean;
}

/** What differs between the two sides of a copy. */
export interface ReceivingSide {
  readonly tree: CopyTree;
  readonly owners: OwnerPolicy;
  readonly owning: Owning;
  readonly notes: ExtractionNotes;
  /** How the destination is called in messages. */
  readonly shown: string;
  readonly missingParent: (directory: ByteString) => BerthError;
}

/**
 * Puts what `send.ts` sent where Docker's `cp` would: into a directory that is there, else under the name that the
 * destination says. Its first entry tells what is being copied.
 */
export class CopyReceiver implements EntryWriter, Disposable {
  /** Bytes of file content. */
  size = 0;
  readonly #request: ReceiveRequest;
  readonly #side: ReceivingSide;
  #target: { readonly writer: TreeWriter; readonly rename: Rename; readonly close: () => void } | undefined;

  constructor(request: ReceiveRequest, side: ReceivingSide) {
    this.#request = request;
    this.#side = side;
    if (request.manner === "unpack") this.#open(undefined);
  }

  begin(entry: LayerEntry): void {
    const { writer, rename } = this.#target ?? this.#open(entry);
    const owner = this.#request.keepOwners ? {} : { uid: 0, gid: 0 };
    const target = entry.type === "hard-link" ? { target: rename(entry.target, entry.name) } : {};
    this.size += entry.sparse?.realSize ?? entry.storedSize;
    writer.begin({ ...entry, ...owner, ...target, name: rename(entry.name, entry.name) });
  }

  write(bytes: Uint8Array): void {
    this.#target?.writer.write(bytes);
  }

  end(): void {
    this.#target?.writer.end();
  }

  /** The tar is over. */
  finish(): void {
    this.#target?.writer.finish();
  }

  [Symbol.dispose](): void {
    this.#target?.writer.close();
    this.#target?.close();
    this.#target = undefined;
  }

  #open(first: LayerEntry | undefined) {
    const { tree, owners, owning, notes } = this.#side;
    const { directory, rename } =
      first === undefined ? this.#openDirectory() : this.#choose(first.type === "directory", first);
    const writer = new TreeWriter({ calls: tree.calls, root: directory, owners, owning, notes });
    this.#target = { writer, rename, close: () => tree.calls.close(directory) };
    return this.#target;
  }

  #openDirectory(): Choice {
    using found = this.#locate();
    if (found.status === undefined || (found.status.mode & S.IFMT) !== S.IFDIR)
      throw new BerthError("invalid-argument", `destination "${this.#side.shown}" must be a directory`);
    return { directory: this.#enter(found), rename: asIs };
  }

  /** moby/go-archive copy.go, PrepareArchiveCopy. */
  #choose(isDirectory: boolean, first: LayerEntry): Choice {
    const { destination } = this.#request;
    using found = this.#locate();
    const type = found.status && found.status.mode & S.IFMT;
    if (type === S.IFDIR) return { directory: this.#enter(found), rename: asIs };
    if (type === S.IFCHR || type === S.IFBLK) {
      throw new BerthError(
        "invalid-argument",
        `destination "${this.#side.shown}" must be a directory or a regular file: got a device`,
      );
    }
    if (type !== undefined && isDirectory) throw new BerthError("invalid-argument", "cannot copy directory");
    if (destination.means !== "anything" && !isDirectory)
      throw new BerthError("not-found", "no such directory");
    const named = splitEntryPath(first.name).length > 0;
    const rename: Rename = (name, of) => {
      const parts = splitEntryPath(name, of);
      return [found.name, ...parts.slice(named ? 1 : 0)].join("/");
    };
    return { directory: this.#enter({ ...found, name: "." }), rename };
  }

  /** A destination that ends in a slash may be a directory that is to be made. */
  #locate(): Located {
    const { tree, missingParent } = this.#side;
    const { destination } = this.#request;
    const found =
      locate(tree, destination, true) ??
      (destination.means === "anything"
        ? undefined
        : locate(tree, { ...destination, means: "anything" }, true));
    if (found === undefined) throw missingParent(parentOf(destination.path));
    return found;
  }

  #enter({ directory, name }: Pick<Located, "directory" | "name">): number {
    const fd = this.#side.tree.calls.open(directory, name, O.PATH | O.DIRECTORY | O.NOFOLLOW);
    if (fd < 0) throw fileSystemError("open", this.#request.destination.path, fd);
    return fd;
  }
}

/** The name that an entry gets; `of` is the entry for messages when a link's target is renamed. */
type Rename = (name: ByteString, of: ByteString) => ByteString;

interface Choice {
  /** Open; ours to close. */
  readonly directory: number;
  readonly rename: Rename;
}

const asIs: Rename = (name) => name;
