import { S } from "../../sys/kernel-numbers.ts";
import { BerthError } from "../../base/errors.ts";
import { type ByteString, toByteString } from "../../sys/byte-string.ts";
import { E, type FileSyscalls, O } from "../../sys/file-syscalls.ts";
import { meaningOf, type PathParts, splitEntryPath } from "./entry-path.ts";
import type { ExtractionNotes } from "./extraction-notes.ts";
import { fileSystemError } from "./file-system-error.ts";
import { impliedAttribute, incompleteAttribute } from "./implied-directories.ts";
import { invalidEntry } from "./invalid-layer.ts";
import type { LayerEntry } from "./layer-entry.ts";
import { MetadataWriter } from "./metadata-writer.ts";
import type { OwnerPolicy } from "./owner-policy.ts";
import { ParentDirectories } from "./parent-directories.ts";
import { removeTree } from "./remove-tree.ts";
import { SparseContent } from "./sparse-content.ts";

export interface LayerWriterOptions {
  readonly calls: FileSyscalls;
  /** The directory that becomes the layer; every name is resolved below it. */
  readonly root: number;
  readonly owners: OwnerPolicy;
  readonly notes: ExtractionNotes;
  /** Refuse to write more bytes of content than this. */
  readonly maximumSize?: number;
}

const opaqueAttribute = "user.overlay.opaque";
const yes = new Uint8Array([0x79]);

/**
 * Writes the entries of one layer below a directory, in the form that overlay mounts read. Entries come one after
 * the other: `begin`, `write` for each piece of content, `end`; then once `finish`.
 */
export class LayerWriter {
  /** Bytes of file content, holes of sparse files included. */
  size = 0;
  readonly #calls: FileSyscalls;
  readonly #options: LayerWriterOptions;
  readonly #metadata: MetadataWriter;
  readonly #parents: ParentDirectories;
  /** What directories get when nothing is made in them any more, by path. */
  readonly #directories = new Map<ByteString, { readonly parts: PathParts; readonly entry: LayerEntry }>();
  /** Directories that only the names of other entries told of, by path. */
  readonly #implied = new Map<ByteString, PathParts>([["", []]]);
  /** Hard links whose target was not there yet, by their own path. */
  readonly #deferredLinks = new Map<ByteString, { readonly parts: PathParts; readonly entry: LayerEntry }>();
  /** Paths that hide something of lower layers; a directory made there later must go on hiding it. */
  readonly #whiteouts = new Set<ByteString>();
  #file: { readonly fd: number; readonly entry: LayerEntry; readonly sparse?: SparseContent } | undefined;
  #written = 0;

  constructor(options: LayerWriterOptions) {
    this.#options = options;
    this.#calls = options.calls;
    this.#metadata = new MetadataWriter(options.calls, options.owners, options.notes);
    this.#parents = new ParentDirectories(options.calls, options.root, (parent, parts) => {
      this.#makeDirectory(parent, parts);
      this.#implied.set(parts.join("/"), parts);
    });
  }

  /** Starts an entry. Throws `invalid-image` where its name or target is not acceptable. */
  begin(entry: LayerEntry): void {
    const parts = splitEntryPath(entry.name);
    const meaning = meaningOf(parts, entry.name);
    if (meaning.kind === "aufs" || entry.type === "volume-label") return;
    if (parts.length === 0) {
      if (entry.type !== "directory") throw invalidEntry(entry.name, "the root is not a directory");
      this.#directories.set("", { parts, entry });
      return;
    }
    const parentParts = parts.slice(0, -1);
    const parent = this.#parents.open(parentParts, entry.name);
    if (meaning.kind === "opaque") this.#setOpaque(parent, ".", entry.name);
    else if (meaning.kind === "whiteout") this.#whiteout(parent, [...parentParts, meaning.name], entry.name);
    else this.#create(parent, parts, entry);
  }

  /** A piece of the content of the entry begun last. */
  write(bytes: Uint8Array): void {
    const file = this.#file;
    if (file === undefined) return;
    if (file.sparse === undefined) {
      this.#count(bytes.length);
      const result = this.#calls.write(file.fd, bytes);
      if (result < 0) throw fileSystemError("write", file.entry.name, result);
      return;
    }
    file.sparse.write(bytes, (piece, offset) => {
      this.#count(piece.length);
      const result = this.#calls.writeAt(file.fd, piece, offset);
      if (result < 0) throw fileSystemError("write", file.entry.name, result);
    });
  }

  /** The content of the entry begun last is complete. */
  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    if (file.sparse !== undefined) {
      file.sparse.finish();
      const result = this.#calls.truncate(file.fd, file.sparse.realSize);
      if (result < 0) throw fileSystemError("set the size of", file.entry.name, result);
    }
    this.size += file.sparse?.realSize ?? file.entry.storedSize;
    this.#metadata.applyToFile(file.fd, file.entry);
    this.#calls.close(file.fd);
    this.#file = undefined;
  }

  /** All entries were given: makes the hard links that waited, then dates the directories. */
  finish(): void {
    for (const { parts, entry } of this.#deferredLinks.values()) {
      const parent = this.#parents.open(parts.slice(0, -1), entry.name);
      if (!this.#hardLink(parent, parts, entry))
        throw invalidEntry(entry.name, "its hard link target is not in this layer");
    }
    for (const { parts, entry } of this.#directories.values()) {
      const parent = this.#parents.open(parts.slice(0, -1), entry.name);
      const fd = this.#calls.open(parent, parts.at(-1) ?? ".", O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
      if (fd < 0) throw fileSystemError("open", entry.name, fd);
      if (parts.length === 0) this.#metadata.applyToRoot(fd, entry);
      else this.#metadata.applyToDirectory(fd, entry);
      this.#calls.close(fd);
    }
    this.#markImplied();
    this.close();
  }

  /**
   * Marks the directories that no entry describes: lower layers know better what they are (implied-directories.ts).
   * Where the file system has no such attributes they stay as they are.
   */
  #markImplied(): void {
    let marked = false;
    for (const [key, parts] of this.#implied) {
      if (this.#directories.has(key)) continue;
      const fd = this.#parents.lookUp(parts);
      if (fd === undefined) continue;
      const open = this.#calls.open(fd, ".", O.RDONLY | O.DIRECTORY);
      this.#calls.close(fd);
      if (open < 0) continue;
      if (this.#calls.setAttribute(open, toByteString(impliedAttribute), yes) === 0) marked = true;
      this.#calls.close(open);
    }
    if (marked) this.#calls.setAttribute(this.#options.root, toByteString(incompleteAttribute), yes);
  }

  /** Closes what is open, also in the middle of an entry. */
  close(): void {
    if (this.#file !== undefined) this.#calls.close(this.#file.fd);
    this.#file = undefined;
    this.#parents.close();
  }

  #count(bytes: number): void {
    this.#written += bytes;
    const { maximumSize } = this.#options;
    if (maximumSize === undefined || this.#written <= maximumSize) return;
    throw new BerthError("invalid-image", `layer unpacks to more than ${maximumSize} bytes`, {
      hint: "raise maximum-layer-size in config.toml if you trust the image",
    });
  }

  #create(parent: number, parts: PathParts, entry: LayerEntry): void {
    const name = parts.at(-1)!;
    if (this.#deferredLinks.size > 0) this.#deferredLinks.delete(parts.join("/"));
    switch (entry.type) {
      case "file":
        this.#createFile(parent, parts, name, entry);
        break;
      case "directory":
        this.#makeDirectory(parent, parts);
        this.#directories.delete(parts.join("/"));
        this.#directories.set(parts.join("/"), { parts, entry });
        break;
      case "symbolic-link":
        this.#make(parent, parts, entry, () => this.#calls.symbolicLink(entry.target, parent, name));
        this.#metadata.applyToName(parent, name, entry);
        break;
      case "fifo":
        this.#make(parent, parts, entry, () => this.#calls.makeNode(parent, name, S.IFIFO | entry.mode));
        this.#metadata.applyToName(parent, name, entry);
        break;
      case "hard-link":
        if (!this.#hardLink(parent, parts, entry)) this.#deferredLinks.set(parts.join("/"), { parts, entry });
        break;
      case "character-device":
      case "block-device":
        this.#options.notes.add("device node skipped", entry.name);
        break;
      case "volume-label":
        break;
      default:
        entry.type satisfies never;
    }
  }

  #createFile(parent: number, parts: PathParts, name: ByteString, entry: LayerEntry): void {
    const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW;
    const fd = this.#make(parent, parts, entry, () =>
      this.#calls.open(parent, name, flags, entry.mode & 0o777),
    );
    this.#file =
      entry.sparse === undefined
        ? { fd, entry }
        : { fd, entry, sparse: new SparseContent(entry.sparse, entry.storedSize, entry.name) };
  }

  /** Does `create`, after removing what has the name already: nothing is ever written through an existing inode. */
  #make(parent: number, parts: PathParts, entry: LayerEntry, create: () => number): number {
    let result = create();
    if (result === E.EXIST) {
      this.#replace(parent, parts);
      result = create();
    }
    if (result < 0) throw fileSystemError(`create ${entry.type}`, entry.name, result);
    return result;
  }

  #replace(parent: number, parts: PathParts): void {
    const key = parts.join("/");
    removeTree(this.#calls, parent, parts.at(-1)!);
    for (const path of this.#directories.keys())
      if (path === key || path.startsWith(`${key}/`)) this.#directories.delete(path);
    for (const path of this.#implied.keys())
      if (path === key || path.startsWith(`${key}/`)) this.#implied.delete(path);
    for (const path of this.#deferredLinks.keys())
      if (path.startsWith(`${key}/`)) this.#deferredLinks.delete(path);
    this.#parents.forget(parent);
  }

  /** Makes a directory, or keeps the one that is there; anything else of the name goes. */
  #makeDirectory(parent: number, parts: PathParts): void {
    const name = parts.at(-1)!;
    const key = parts.join("/");
    let result = this.#calls.makeDirectory(parent, name, 0o755);
    if (result === E.EXIST) {
      const status = this.#calls.status(parent, name);
      if (typeof status === "number") throw fileSystemError("read the status of", key, status);
      if ((status.mode & S.IFMT) === S.IFDIR) return;
      const removed = this.#calls.unlink(parent, name);
      if (removed < 0) throw fileSystemError("replace", key, removed);
      result = this.#calls.makeDirectory(parent, name, 0o755);
    }
    if (result < 0) throw fileSystemError("create directory", key, result);
    if (this.#whiteouts.has(key)) this.#setOpaque(parent, name, key);
  }

  #setOpaque(parent: number, name: ByteString, entry: ByteString): void {
    const fd = this.#calls.open(parent, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
    if (fd < 0) throw fileSystemError("open", entry, fd);
    const result = this.#calls.setAttribute(fd, toByteString(opaqueAttribute), yes);
    this.#calls.close(fd);
    if (result === E.OPNOTSUPP)
      throw new BerthError("unsupported", "the store's file system has no user extended attributes", {
        hint: "set BERTH_ROOT to a directory on ext4, xfs, btrfs or a tmpfs of Linux 6.6",
      });
    if (result < 0) throw fileSystemError("mark as opaque", entry, result);
  }

  /** A whiteout hides lower layers only, so a file of this layer stays, and a directory of it becomes opaque. */
  #whiteout(parent: number, parts: PathParts, entry: ByteString): void {
    const name = parts.at(-1)!;
    this.#whiteouts.add(parts.join("/"));
    const result = this.#calls.makeNode(parent, name, S.IFCHR);
    if (result === E.EXIST) {
      const status = this.#calls.status(parent, name);
      if (typeof status !== "number" && (status.mode & S.IFMT) === S.IFDIR)
        this.#setOpaque(parent, name, entry);
    } else if (result < 0) throw fileSystemError("create whiteout", entry, result);
  }

  /** False where the target is not there (yet). */
  #hardLink(parent: number, parts: PathParts, entry: LayerEntry): boolean {
    const { target, name } = entry;
    const targetParts = splitEntryPath(target, name);
    const targetName = targetParts.at(-1);
    if (targetName === undefined) throw invalidEntry(name, "a hard link to the root");
    const directory = this.#parents.lookUp(targetParts.slice(0, -1));
    if (directory === undefined) return false;
    try {
      let result = this.#calls.hardLink(directory, targetName, parent, parts.at(-1)!);
      if (result === E.EXIST) {
        const old = this.#calls.status(parent, parts.at(-1)!);
        const wanted = this.#calls.status(directory, targetName);
        if (wanted === E.NOENT) return false;
        if (typeof old === "number") throw fileSystemError("read the status of", name, old);
        if (typeof wanted === "number") throw fileSystemError("read the status of", target, wanted);
        if (old.inode === wanted.inode) return true;
        this.#replace(parent, parts);
        result = this.#calls.hardLink(directory, targetName, parent, parts.at(-1)!);
      }
      if (result === E.NOENT) return false;
      if (result === E.PERM) throw invalidEntry(name, "a hard link to a directory");
      if (result < 0) throw fileSystemError("create hard link", name, result);
      return true;
    } finally {
      this.#calls.close(directory);
    }
  }
}
