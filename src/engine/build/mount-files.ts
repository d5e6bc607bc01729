import type { CleanupStack } from "../../base/cleanup-stack.ts";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CopyItem, CopyRequest } from "../../build/copy/protocol.ts";
import type { PlannedMount } from "../../build/plan/types.ts";
import { DockerfileError } from "../../build/dockerfile-error.ts";
import { toByteString } from "../../sys/byte-string.ts";
import { askBuildWorker } from "./build-worker.ts";
import { type BuildEnvironment, type BuildTools, temporaryPath } from "./build-environment.ts";
import { withTree } from "./host-tree.ts";
import type { MadeMount } from "./made-mount.ts";
import type { SourceTree } from "./source-trees.ts";

/** What is mounted is below this name in the directory that was made for it. */
const inside = "content";

/**
 * Copies items into a directory that does not exist yet, with their owners; answers where they are. `owner` and `mode` as
 * for COPY; without items it is an empty directory.
 */
export async function copyOut(
  { context, signal, tools }: BuildTools,
  directory: string,
  request: { readonly items: readonly CopyItem[] } & Pick<CopyRequest, "owner" | "mode">,
): Promise<string> {
  const output = `${directory}.tar`;
  try {
    await askBuildWorker(
      context,
      {
        kind: "copy",
        base: [],
        target: { output, directory },
        destination: `/${inside}`,
        whole: true,
        now: Math.floor(Date.now() / 1000),
        ...request,
      },
      signal,
    );
  } finally {
    await tools.removeTree(output);
  }
  return join(directory, inside);
}

/** A bind mount of a context, a stage or an image. Writing to it changes nothing but a copy. */
export async function boundTree(
  build: BuildEnvironment,
  stack: CleanupStack,
  tree: SourceTree,
  { source, target, readOnly }: PlannedMount,
): Promise<MadeMount> {
  const path = source === "" ? "/" : source;
  const mountOf = (from: string): MadeMount => ({
    mount: { kind: "bind", source: from, target, readOnly, createSource: false },
  });
  const [root] = tree.roots;
  // Files of the person's own, none of which is hidden: no copy is needed to read them.
  if (tree.key === undefined && readOnly && tree.ignore.length === 0 && root !== undefined) {
    const names = withTree([root], (host) => {
      using place = host.resolve(toByteString(path));
      return place.found === undefined ? undefined : place.path;
    });
    if (names === undefined) throw new DockerfileError(`${JSON.stringify(path)}: not found`);
    const named = Buffer.from(names.join("/"), "latin1").toString("utf8");
    return mountOf(join(root, named));
  }
  const directory = temporaryPath(build, "mount");
  stack.defer(() => build.tools.removeTree(directory));
  const { key: _, ...roots } = tree;
  const item: CopyItem = { kind: "tree", ...roots, path, exclude: [], archive: false };
  return mountOf(await copyOut(build, directory, { items: [item] }));
}

/** A file that the build has made, for root alone to change. */
export async function boundFile(
  build: BuildEnvironment,
  stack: CleanupStack,
  file: { readonly target: string; readonly content: string; readonly mode: number },
): Promise<MadeMount> {
  const path = temporaryPath(build, "file");
  stack.defer(() => rmSync(path, { force: true }));
  writeFileSync(path, file.content, { mode: file.mode, flag: "wx" });
  return { mount: { kind: "bind", source: path, target: file.target, readOnly: true, createSource: false } };
}
