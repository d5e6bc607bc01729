import { S } from "../../sys/kernel-numbers.ts";
import { BerthError } from "../../base/errors.ts";
import { type ByteString, displayName } from "../../sys/byte-string.ts";
import { E, type FileSyscalls, O } from "../../sys/file-syscalls.ts";
import { type PathParts, splitEntryPath } from "./entry-path.ts";
import type { ExtractionNotes } from "./extraction-notes.ts";
import { fileSystemError } from "./file-system-error.ts";
import { invalidEntry } from "./invalid-layer.ts";
import type { LayerEntry } from "./layer-entry.ts";
import { MetadataWriter, type Owning } from "./metadata-writer.ts";
import type { OwnerPolicy } from "./owner-policy.ts";
import { ParentDirectories } from "./parent-directories.ts";
import type { EntryWriter } from "./read-tar.ts";
import { SparseContent } from "./sparse-content.ts";

export interface TreeWriterOptions {
  readonly calls: FileSyscalls;
  /** Open; every name is resolved below it, links on the way too. */
  readonly root: number;
  readonly owners: OwnerPolicy;
  readonly owning: Owning;
  readonly notes: ExtractionNotes;
}

/**
 * Writes the entries of a tar into a tree that is there, as `tar -x` does: directories are merged, anything else is
 * replaced and never written through. A directory and something else of the same name do not replace each other, in
 * Docker's words (`cp`, NoOverwriteDirNonDir). Whiteouts have no meaning here.
 */
export class TreeWriter implements EntryWriter {
  readonly #calls: FileSyscalls;
  readonly #notes: ExtractionNotes;
  readonly #metadata: MetadataWriter;
  readonly #parents: ParentDirectories;
  /** What directories get when nothing is made in them any more. */
  readonly #directories: { readonly parts: PathParts; readonly entry: LayerEntry }[] = [];
  #file: { readonly fd: number; readonly entry: LayerEntry; readonly sparse?: SparseContent } | undefined;

  constructor({ calls, root, owners, owning, notes }: TreeWriterOptions) {
    this.#calls = calls;
    this.#notes = notes;
    this.#metadata = new MetadataWriter(calls, owners, notes, owning);
    this.#parents = new ParentDirectories(calls, root, (parent, parts) => {
      const result = calls.makeDirectory(parent, parts.at(-1)!, 0o755);
      if (result < 0 && result !== E.EXIST)
        throw fileSystemError("create directory", parts.join("/"), result);
    });
  }

  begin(entry: LayerEntry): void {
    const parts = splitEntryPath(entry.name);
    const name = parts.at(-1);
    if (name === undefined || entry.type === "volume-label") return; // the tree itself is there and stays as it is
    const parent = this.#parents.open(parts.slice(0, -1), entry.name);
    switch (entry.type) {
      case "directory":
        this.#directory(parent, parts, entry);
        break;
      case "file": {
        const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW;
        const fd = this.#make(parent, parts, entry, () => this.#calls.open(parent, name, flags, 0o600));
        const { sparse, storedSize } = entry;
        this.#file =
          sparse === undefined
            ? { fd, entry }
            : { fd, entry, sparse: new SparseContent(sparse, storedSize, entry.name) };
        break;
      }
      case "symbolic-link":
        this.#make(parent, parts, entry, () => this.#calls.symbolicLink(entry.target, parent, name));
        this.#metadata.applyToName(parent, name, entry);
        break;
      case "fifo":
        this.#make(parent, parts, entry, () => this.#calls.makeNode(parent, name, S.IFIFO | entry.mode));
        this.#metadata.applyToName(parent, name, entry);
        break;
      case "hard-link":
        this.#hardLink(parent, parts, entry);
        break;
      case "character-device":
      case "block-device":
        this.#notes.add("device node skipped", entry.name);
        break;
      default:
        entry.type satisfies never;
    }
  }

  write(bytes: Uint8Array): void {
    const file = this.#file;
    if (file === undefined) return;
    const check = (result: number) => {
      if (result < 0) throw fileSystemError("write", file.entry.name, result);
    };
    if (file.sparse === undefined) check(this.#calls.write(file.fd, bytes));
    else file.sparse.write(bytes, (piece, offset) => check(this.#calls.writeAt(file.fd, piece, offset)));
  }

  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    if (file.sparse !== undefined) {
      file.sparse.finish();
      const result = this.#calls.truncate(file.fd, file.sparse.realSize);
      if (result < 0) throw fileSystemError("set the size of", file.entry.name, result);
    }
    this.#metadata.applyToFile(file.fd, file.entry);
    this.#calls.close(file.fd);
    this.#file = undefined;
  }

  /** All entries were given. */
  finish(): void {
    // Inner ones first, because an outer one may be closed to its maker afterwards.
    for (const { parts, entry } of this.#directories.toReversed()) {
      const parent = this.#parents.open(parts.slice(0, -1), entry.name);
      const fd = this.#calls.open(parent, parts.at(-1)!, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
      if (fd < 0) throw fileSystemError("open", entry.name, fd);
      try {
        this.#metadata.applyToDirectory(fd, entry);
      } finally {
        this.#calls.close(fd);
      }
    }
    this.close();
  }

  /** Closes what is open, also in the middle of an entry. */
  close(): void {
    if (this.#file !== undefined) this.#calls.close(this.#file.fd);
    this.#file = undefined;
    this.#parents.close();
  }

  #directory(parent: number, parts: PathParts, entry: LayerEntry): void {
    const name = parts.at(-1)!;
    // Until it is complete it is open to its maker, whatever its mode will be.
    const result = this.#calls.makeDirectory(parent, name, 0o700);
    if (result === E.EXIST) {
      if (this.#typeOf(parent, name, entry) !== S.IFDIR) throw overwrite("non-directory", entry, "directory");
    } else if (result < 0) throw fileSystemError("create directory", entry.name, result);
    this.#directories.push({ parts, entry });
  }

  /** Does `create`, after removing what has the name already. */
  #make(parent: number, parts: PathParts, entry: LayerEntry, create: () => number): number {
    const name = parts.at(-1)!;
    let result = create();
    if (result === E.EXIST) {
      if (this.#typeOf(parent, name, entry) === S.IFDIR) throw overwrite("directory", entry, "non-directory");
      const removed = this.#calls.unlink(parent, name);
      if (removed < 0 && removed !== E.NOENT) throw fileSystemError("replace", entry.name, removed);
      this.#parents.forget(parent);
      result = create();
    }
    if (result < 0) throw fileSystemError(`create ${entry.type}`, entry.name, result);
    return result;
  }

  #hardLink(parent: number, parts: PathParts, entry: LayerEntry): void {
    const target = splitEntryPath(entry.target, entry.name);
    const directory = this.#parents.lookUp(target.slice(0, -1));
    const targetName = target.at(-1);
    if (directory === undefined || targetName === undefined)
      throw invalidEntry(entry.name, "its hard link target is not there");
    try {
      this.#make(parent, parts, entry, () =>
        this.#calls.hardLink(directory, targetName, parent, parts.at(-1)!),
      );
    } finally {
      this.#calls.close(directory);
    }
  }

  #typeOf(parent: number, name: ByteString, entry: LayerEntry): number {
    const status = this.#calls.status(parent, name);
    if (typeof status === "number") throw fileSystemError("read the status of", entry.name, status);
    return status.mode & S.IFMT;
  }
}

function overwrite(what: string, { name }: LayerEntry, by: string): BerthError {
  return new BerthError(
    "conflict",
    `cannot overwrite ${what} "${displayName(name.replace(/\/+$/, ""))}" with ${by}`,
  );
}
