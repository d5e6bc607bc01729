import { S } from "../../sys/kernel-numbers.ts";
import { closeSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { BerthError, systemErrorCode } from "../../base/errors.ts";
import type { Tree } from "../../build/copy/tree-path.ts";
import { readIgnoreFile } from "../../build/ignore/read-ignore-file.ts";
import { openToRead } from "../../snapshot/file-metadata.ts";
import { toByteString } from "../../sys/byte-string.ts";
import { fileSyscalls as calls } from "../../sys/file-syscalls.ts";
import type { DockerfileText } from "./build-failure.ts";
import { withTree } from "./host-tree.ts";

/** Files to build from. */
export interface BuildContext {
  /** On the host; undefined when there is nothing but a Dockerfile. */
  readonly directory: string | undefined;
  readonly dockerfile: DockerfileText;
  /** The patterns of its .dockerignore. */
  readonly ignore: readonly string[];
}

/** Bytes that a Dockerfile or .dockerignore may have. */
const maximumText = 16 * 1024 * 1024;

/**
 * A directory of the host. `dockerfile` is relative to `workingDirectory`; left out, it is `Dockerfile` in the context.
 * `fromStdin` is the text of the Dockerfile where it comes from there.
 */
export function openDirectoryContext(
  directory: string,
  dockerfile: string | undefined,
  workingDirectory: string,
  fromStdin?: string,
): BuildContext {
  const root = resolve(workingDirectory, directory);
  requireDirectory(root, directory);
  if (fromStdin !== undefined)
    return contextOf(root, { name: "Dockerfile", text: fromStdin }, readInside(root, ".dockerignore"));
  if (dockerfile === undefined) return withDockerfile(root, ["Dockerfile", "dockerfile"]);
  const path = resolve(workingDirectory, dockerfile);
  const text = readPlain(path);
  if (text === undefined) throw noDockerfile(dockerfile);
  const own = readPlain(`${path}.dockerignore`) ?? readInside(root, ".dockerignore");
  return contextOf(root, { name: path.slice(path.lastIndexOf("/") + 1), text }, own);
}

/** A directory that somebody else has filled, or a Dockerfile by its usual names: nothing outside of it is read. */
export function withDockerfile(root: string, names: readonly string[]): BuildContext {
  for (const name of names) {
    const text = readInside(root, name);
    if (text === undefined) continue;
    const ignore = readInside(root, `${name}.dockerignore`) ?? readInside(root, ".dockerignore");
    return contextOf(root, { name: name.slice(name.lastIndexOf("/") + 1), text }, ignore);
  }
  throw noDockerfile(names[0]!);
}

/** The patterns of a named context's own .dockerignore. */
export function ignoreOf(root: string): readonly string[] {
  return readIgnoreFile(readInside(root, ".dockerignore") ?? "");
}

function contextOf(directory: string, dockerfile: DockerfileText, ignore: string | undefined): BuildContext {
  return { directory, dockerfile, ignore: readIgnoreFile(ignore ?? "") };
}

function noDockerfile(name: string): BerthError {
  return new BerthError("not-found", `failed to read dockerfile: open ${name}: no such file or directory`);
}

export function requireDirectory(path: string, typed: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory()) return;
  throw new BerthError(
    "not-found",
    status === undefined
      ? `unable to prepare context: path ${JSON.stringify(typed)} not found`
      : `unable to prepare context: ${JSON.stringify(typed)} is not a directory`,
  );
}

/** A file that the person named: wherever it is. */
export function readPlain(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new BerthError("denied", `failed to read dockerfile: open ${path}: ${code}`, { cause: error });
  }
}

/** A regular file inside a directory, links followed inside it; undefined when it is not there. */
export function readInside(root: string, path: string): string | undefined {
  return withTree([root], (tree) => readInTree(tree, path));
}

/** A regular file of a tree, of a size that text has; undefined when there is none. */
export function readInTree(tree: Tree, path: string): string | undefined {
  using place = tree.resolve(toByteString(path));
  if (place.found === undefined || (place.found.status.mode & S.IFMT) !== S.IFREG) return undefined;
  if (place.found.status.size > maximumText)
    throw new BerthError("invalid-argument", `${path} is larger than ${maximumText} bytes`);
  const file = openToRead(calls, place.found.directory, place.path.at(-1)!, path);
  try {
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
