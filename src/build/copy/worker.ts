/**
 * The `internal-build-worker` role: root of a user namespace with all ids of the user, because what COPY takes from a
 * stage and puts into one may belong to any of them. Everything is opened by descriptor, part by part, and no link leads
 * out of the tree that it is in.
 */
import { fileSystemError } from "../../archive/layer/file-system-error.ts";
import { BerthError } from "../../base/errors.ts";
import { answerRequest } from "../../snapshot/worker-talk.ts";
import { LayerOutput } from "../../snapshot/layer-output.ts";
import { tarTree } from "../../snapshot/tar-tree.ts";
import { toByteString } from "../../sys/byte-string.ts";
import { AT_FDCWD, fileSyscalls as calls, O } from "../../sys/file-syscalls.ts";
import { contentDigest } from "./content-digest.ts";
import { LayerCopy } from "./layer-copy.ts";
import type { BuildWorkerRequest, BuildWorkerResults, CopyRequest } from "./protocol.ts";
import { removeStubs } from "./remove-stubs.ts";
import { Tree } from "./tree-path.ts";

export const buildWorkerMain = () => answerRequest<BuildWorkerRequest>(perform);

async function perform(request: BuildWorkerRequest): Promise<BuildWorkerResults[keyof BuildWorkerResults]> {
  switch (request.kind) {
    case "copy":
      return copy(request);
    case "digest":
      return contentDigest(calls, request.items, openRoots);
    case "remove-stubs": {
      const tree = open(request.tree, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
      removeStubs(calls, tree, new Tree(calls, openRoots(request.base)), request.stubs);
      return undefined;
    }
    case "give": {
      const name = toByteString(request.name);
      const directory = open(request.directory, O.RDONLY | O.DIRECTORY);
      const failure = calls.changeOwnerAt(directory, name, request.uid, request.gid);
      if (failure < 0) throw fileSystemError("chown", name, failure);
      return undefined;
    }
    default:
      request satisfies never;
      throw new BerthError("internal", "unknown request to internal-build-worker");
  }
}

async function copy(request: CopyRequest): Promise<BuildWorkerResults["copy"]> {
  const layer = new LayerOutput(calls, request.target);
  const roots = openRoots(request.base);
  const entries = new LayerCopy(request, new Tree(calls, roots)).entries(openRoots);
  const { latest } = request;
  return layer.write(tarTree(calls, entries, latest === undefined ? {} : { latest }), roots.toReversed());
}

/** Layers come lowest first, and trees take them highest first. */
function openRoots(roots: readonly string[]): number[] {
  return roots.map((path) => open(path, O.RDONLY | O.DIRECTORY)).toReversed();
}

function open(path: string, flags: number, mode = 0): number {
  const name = toByteString(path);
  const fd = calls.open(AT_FDCWD, name, flags, mode);
  if (fd < 0) throw fileSystemError("open", name, fd);
  return fd;
}
