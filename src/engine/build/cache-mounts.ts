import type { CleanupStack } from "../../base/cleanup-stack.ts";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { CopyItem } from "../../build/copy/protocol.ts";
import type { PlannedMount } from "../../build/plan/types.ts";
import { type BuildEnvironment, temporaryPath } from "./build-environment.ts";
import { copyOut } from "./mount-files.ts";
import type { MadeMount } from "./made-mount.ts";
import type { SourceTree } from "./source-trees.ts";

/** Caches are kept here, one directory each, named by a digest: an id is no path (CVE-2024-9675). */
export const cacheDirectoryName = "build-cache";

/** A cache that outlives the build; made with its owner and mode, and what it is to begin with, when it is new. */
export async function cacheMount(
  build: BuildEnvironment,
  stack: CleanupStack,
  mount: PlannedMount,
  begin: SourceTree | undefined,
): Promise<MadeMount> {
  const { store } = build.context;
  const { BUILDKIT_CACHE_MOUNT_NS: space } = build.options.buildArgs;
  const id = space ? `${space}/${mount.id}` : mount.id;
  const hash = new Bun.CryptoHasher("sha256").update(id).digest("hex");
  const name = await claim(build, stack, hash, mount.sharing);
  const directory = join(store.layout.directory, cacheDirectoryName, name);
  if (!existsSync(directory)) {
    using _ = await store.lockObject(`making-${name}`, build.signal);
    if (!existsSync(directory)) await make(build, directory, mount, begin);
  }
  const source = join(directory, "content");
  const { target, readOnly } = mount;
  return { mount: { kind: "bind", source, target, readOnly, createSource: false } };
}

/** The name of a cache that this step may use; it is held until the step ends. */
async function claim(
  { context, signal }: BuildEnvironment,
  stack: CleanupStack,
  hash: string,
  sharing: PlannedMount["sharing"],
): Promise<string> {
  const { locks } = context.store;
  if (sharing !== "private") {
    const mode = sharing === "locked" ? "exclusive" : "shared";
    const lock = await locks.wait(`object:build-cache-${hash}`, mode, signal);
    stack.defer(() => lock.release());
    return hash;
  }
  for (let number = 1; ; number++) {
    const name = `${hash}-${number}`;
    const lock = locks.try(`object:build-cache-${name}`, "exclusive");
    if (lock === undefined) continue;
    stack.defer(() => lock.release());
    return name;
  }
}

async function make(
  build: BuildEnvironment,
  directory: string,
  { uid, gid, mode, source }: PlannedMount,
  begin: SourceTree | undefined,
): Promise<void> {
  const items: CopyItem[] = [];
  if (begin !== undefined) {
    const { key: _, ...tree } = begin;
    const path = source === "" ? "/" : source;
    items.push({ kind: "tree", ...tree, path, exclude: [], archive: false });
  }
  const unfinished = temporaryPath(build, "cache");
  await copyOut(build, unfinished, {
    items,
    ...(uid === undefined && gid === undefined ? {} : { owner: { uid: uid ?? 0, gid: gid ?? 0 } }),
    ...(mode === undefined ? {} : { mode }),
  });
  mkdirSync(join(directory, ".."), { recursive: true, mode: 0o700 });
  renameSync(unfinished, directory);
}
