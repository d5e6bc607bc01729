import { readFileSync } from "node:fs";
import { ExtractionNotes } from "../archive/layer/extraction-notes.ts";
import { fileSystemError } from "../archive/layer/file-system-error.ts";
import { LayerWriter } from "../archive/layer/layer-writer.ts";
import { type OwnerPolicy, ownerPolicyFrom } from "../archive/layer/owner-policy.ts";
import { readTar } from "../archive/layer/read-tar.ts";
import { toByteString } from "../sys/byte-string.ts";
import { AT_FDCWD, type FileSyscalls, O } from "../sys/file-syscalls.ts";
import { completeLayers } from "./complete-layers.ts";
import type { LayerTarget, WrittenLayer } from "./types.ts";
import { writeLayer } from "./write-layer.ts";

/** Where a worker puts a layer that it makes. Opened first, so that the worker can make itself small after that. */
export class LayerOutput {
  readonly #calls: FileSyscalls;
  readonly #target: LayerTarget;
  readonly #file: number;
  readonly #root: number;
  readonly #owners: OwnerPolicy;

  constructor(calls: FileSyscalls, target: LayerTarget) {
    this.#calls = calls;
    this.#target = target;
    const name = toByteString(target.output);
    this.#file = calls.open(AT_FDCWD, name, O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW, 0o600);
    if (this.#file < 0) throw fileSystemError("create", name, this.#file);
    this.#root = makeLayerDirectory(calls, target.directory);
    this.#owners = currentOwnerPolicy();
  }

  /**
   * Writes the blob and, from the same bytes, the directory, as if it were unpacked from the blob: what a container sees is
   * what the layer says, and, of directories that it does not describe, the layers `below` (open, lowest first). Both are on
   * the disk in the end.
   */
  async write(tar: Iterable<Uint8Array>, below?: readonly number[]): Promise<WrittenLayer> {
    const [calls, root] = [this.#calls, this.#root];
    const notes = new ExtractionNotes();
    const writer = new LayerWriter({ calls, root, owners: this.#owners, notes });
    const unpack = async (pieces: AsyncIterable<Uint8Array>) => {
      await readTar(copies(pieces), writer);
      writer.finish();
      if (below !== undefined) completeLayers(calls, [...below, root]);
      const result = calls.syncFileSystem(root);
      if (result < 0) throw fileSystemError("write to disk", toByteString(this.#target.directory), result);
    };
    try {
      const layer = await writeLayer(tar, this.#file, unpack);
      return { ...layer, unpacked: { size: writer.size, notes: notes.lines() } };
    } finally {
      writer.close();
    }
  }
}

/** The parser may keep a piece for a while. */
async function* copies(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

/** Makes the directory that becomes a layer or a root, owned by root whatever its parent's set-group-id bit says. */
export function makeLayerDirectory(calls: FileSyscalls, path: string): number {
  const name = toByteString(path);
  const made = calls.makeDirectory(AT_FDCWD, name, 0o755);
  if (made < 0) throw fileSystemError("create directory", name, made);
  const root = calls.open(AT_FDCWD, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
  if (root < 0) throw fileSystemError("open", name, root);
  calls.changeOwner(root, 0, 0);
  calls.changeMode(root, 0o755);
  return root;
}

export function currentOwnerPolicy(): OwnerPolicy {
  return ownerPolicyFrom(
    readFileSync("/proc/self/uid_map", "utf8"),
    readFileSync("/proc/self/gid_map", "utf8"),
  );
}
