/**
 * The `internal-worker` role: root of a user namespace with all ids of the user, so that it can do on disk what needs
 * them. What it reads is hostile, so it makes itself small first: it opens what the request names, then makes the
 * directory that it works in its root, and imports nothing after that.
 */
import { writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { LengthBeyond } from "../archive/layer/decompress.ts";
import { extractLayer } from "../archive/layer/extract-layer.ts";
import { fileSystemError } from "../archive/layer/file-system-error.ts";
import { removeTree } from "../archive/layer/remove-tree.ts";
import { BerthError } from "../base/errors.ts";
import { toByteString } from "../sys/byte-string.ts";
import { AT_FDCWD, E, fileSyscalls as calls, O } from "../sys/file-syscalls.ts";
import { completeLayers } from "./complete-layers.ts";
import { copyLayers } from "./copy-layers.ts";
import { tryOverlay } from "./try-overlay.ts";
import type { FileMetadata } from "./file-metadata.ts";
import type { TreeChange } from "./tree-entry.ts";
import type { GrownTree, LayerRequest, UnpackResult, WrittenLayer } from "./types.ts";
import { dataDescriptor, type WorkerRequest, type WorkerResults } from "./worker-protocol.ts";
import { currentOwnerPolicy, LayerOutput, makeLayerDirectory } from "./layer-output.ts";
import { mergedTree } from "./merged-tree.ts";
import { squashedLayers } from "./squashed-layers.ts";
import { tarTree } from "./tar-tree.ts";
import { type ChangesRequest, treeChanges } from "./tree-changes.ts";
import { treeDifference } from "./tree-difference.ts";
import { answerRequest, tell } from "./worker-talk.ts";

/** Between two progress events, in milliseconds. */
const progressInterval = 50;

/** Does one request (worker-talk.ts). */
export async function workerMain(argv: readonly string[]): Promise<number> {
  if (argv.length > 0) throw new BerthError("usage", "internal-worker takes its request on stdin");
  return answerRequest<WorkerRequest>(perform);
}

/** Follows the lengths on stdin, of which `text` has come already. */
function followLengths(text: string): LengthBeyond {
  const stream = Bun.stdin.stream()[Symbol.asyncIterator]();
  const decoder = new TextDecoder();
  let length = 0;
  return async (position) => {
    for (;;) {
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      const last = lines.at(-1);
      if (last !== undefined) length = Number(last);
      if (length > position) return length;
      const { done, value } = await stream.next();
      if (done) return Number.POSITIVE_INFINITY;
      text += decoder.decode(value);
    }
  };
}

type Result = WorkerResults[keyof WorkerResults] | undefined;

async function perform(request: WorkerRequest, rest: string): Promise<Result> {
  switch (request.kind) {
    case "unpack":
      return unpack(request, rest);
    case "remove":
      remove(request.path);
      return undefined;
    case "copy":
      copy(request);
      return undefined;
    case "complete":
      complete(request);
      return undefined;
    case "difference":
      return treeDifference(grownTree(request));
    case "write-layer":
      return writeLayer(request);
    case "squash":
      return squash(request);
    case "archive":
      writeArchive(request);
      return undefined;
    case "probe-overlay":
      tryOverlay(request.directory);
      return undefined;
    default:
      request satisfies never;
      throw new BerthError("internal", "unknown request to internal-worker");
  }
}

function open(path: string, flags: number): number {
  const name = toByteString(path);
  const fd = calls.open(AT_FDCWD, name, flags);
  if (fd < 0) throw fileSystemError("open", name, fd);
  return fd;
}

function confineTo(root: number, path: string): void {
  const result = calls.changeRoot(root);
  if (result < 0) throw fileSystemError("make the root of the worker", toByteString(path), result);
}

/** All that was written is on the disk before anybody renames it into place. */
function synchronise(root: number, path: string): void {
  const result = calls.syncFileSystem(root);
  if (result < 0) throw fileSystemError("write to disk", toByteString(path), result);
}

/** The blob; one that arrives moves to its final name any time. */
function openBlob({ blob, arriving }: WorkerRequest & { kind: "unpack" }): number {
  const fd = arriving === undefined ? E.NOENT : calls.open(AT_FDCWD, toByteString(arriving), O.RDONLY);
  return fd < 0 ? open(blob, O.RDONLY) : fd;
}

async function unpack(request: WorkerRequest & { kind: "unpack" }, rest: string): Promise<UnpackResult> {
  const blob = openBlob(request);
  const lengths = request.arriving === undefined ? {} : { lengthBeyond: followLengths(rest) };
  const owners = currentOwnerPolicy();
  const root = makeLayerDirectory(calls, request.target);
  let toldAt = Number.NEGATIVE_INFINITY;
  confineTo(root, request.target);
  try {
    const result = await extractLayer({
      calls,
      blob,
      ...lengths,
      diffId: request.diffId,
      root,
      owners,
      ...(request.maximumSize === undefined ? {} : { maximumSize: request.maximumSize }),
      onProgress(bytes) {
        const now = performance.now();
        if (now - toldAt < progressInterval) return;
        toldAt = now;
        tell({ event: "progress", bytes });
      },
    });
    synchronise(root, request.target);
    return result;
  } catch (error) {
    empty(root);
    throw error;
  }
}

function copy(request: WorkerRequest & { kind: "copy" }): void {
  const layers = request.layers.map((path) => open(path, O.RDONLY | O.DIRECTORY));
  const root = makeLayerDirectory(calls, request.target);
  confineTo(root, request.target);
  try {
    copyLayers(calls, layers, root);
  } catch (error) {
    empty(root);
    throw error;
  }
}

function complete(request: WorkerRequest & { kind: "complete" }): void {
  const layers = request.layers.map((path) => open(path, O.RDONLY | O.DIRECTORY));
  const [lowest] = layers;
  if (lowest === undefined) return;
  confineTo(lowest, request.layers[0]!);
  completeLayers(calls, layers);
}

function openLayers(layers: readonly string[]): number[] {
  return layers.map((path) => open(path, O.RDONLY | O.DIRECTORY)).toReversed();
}

function grownTree({ directory, form, layers }: GrownTree): ChangesRequest {
  const tree = open(directory, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
  const below = openLayers(layers);
  confineTo(tree, directory);
  return { calls, tree, form, below };
}

function writeLayer(request: WorkerRequest & { kind: "write-layer" }): Promise<WrittenLayer> {
  const layer = new LayerOutput(calls, request);
  const { latest, maker } = request;
  const changes = treeChanges(grownTree(request.tree));
  const entries = maker === undefined ? changes : madeBy(maker, changes);
  const options = { skipGone: true, ...(latest === undefined ? {} : { latest }) };
  return layer.write(tarTree(calls, entries, options));
}

function squash(request: WorkerRequest & { kind: "squash" }): Promise<WrittenLayer> {
  const { layers, base, latest } = request;
  const output = new LayerOutput(calls, request);
  const opened = openLayers(layers);
  const above = layers.length - base;
  confineTo(opened[0]!, layers.at(-1)!);
  const changes = squashedLayers(calls, opened.slice(0, above), opened.slice(above));
  return output.write(tarTree(calls, changes, latest === undefined ? {} : { latest }));
}

function* madeBy(
  maker: NonNullable<LayerRequest["maker"]>,
  changes: Iterable<TreeChange>,
): Generator<TreeChange> {
  const as = (metadata: FileMetadata) =>
    metadata.uid === 0 && metadata.gid === 0 ? { ...metadata, ...maker } : metadata;
  for (const change of changes) yield change.kind === "added" ? { ...change, as } : change;
}

function writeArchive(request: WorkerRequest & { kind: "archive" }): void {
  const layers = openLayers(request.layers);
  const [top] = layers;
  if (top !== undefined) confineTo(top, request.layers.at(-1)!);
  for (const piece of tarTree(calls, mergedTree(calls, layers), { skipGone: true }))
    for (let done = 0; done < piece.length; ) done += writeSync(dataDescriptor, piece, done);
}

/** After a failure, as well as it goes: the first error is the one to tell. */
function empty(root: number): void {
  const fd = calls.open(root, ".", O.RDONLY | O.DIRECTORY);
  const entries = fd < 0 ? fd : calls.readDirectory(fd);
  if (typeof entries === "number") return;
  for (const { name } of entries) {
    try {
      removeTree(calls, root, name);
    } catch {
      return;
    }
  }
}

function remove(path: string): void {
  const name = toByteString(dirname(path));
  const parent = calls.open(AT_FDCWD, name, O.RDONLY | O.DIRECTORY);
  if (parent === E.NOENT) return;
  if (parent < 0) throw fileSystemError("open", name, parent);
  confineTo(parent, path);
  removeTree(calls, parent, toByteString(basename(path)));
}
