import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { BerthError } from "../../base/errors.ts";
import { isGitUrl } from "../../build/plan/plan-copy.ts";
import { isArchive, unpackArchive } from "./archives.ts";
import { type BuildContext, openDirectoryContext, withDockerfile } from "./build-context.ts";
import type { EngineContext } from "../context.ts";
import { type BuildTools, temporaryPath, toolsOf } from "./build-environment.ts";
import type { BuildOptions } from "./build-options.ts";
import { copyOut } from "./mount-files.ts";
import { asVertex, type BuildProgress } from "./progress.ts";
import { fetchFile, fetchRepository } from "./remote-files.ts";

/** The Dockerfile and what it is built from, told as BuildKit tells it; everything is gone when `stack` is. */
export async function loadDefinition(
  context: EngineContext,
  options: BuildOptions,
  { progress, stack, signal }: Pick<BuildTools, "stack" | "signal"> & { readonly progress: BuildProgress },
): Promise<BuildContext> {
  const tools = toolsOf(context);
  return asVertex(progress, "[internal] load build definition from Dockerfile", async (vertex) => {
    const opened = await openContext({ context, tools, signal, stack }, options);
    const current = Buffer.byteLength(opened.dockerfile.text);
    vertex.part("transferring dockerfile:", { current, isOver: true });
    return opened;
  });
}

/** Opens what `build` was called with: a directory, stdin, a repository, or an archive or Dockerfile on the web. */
async function openContext(build: BuildTools, options: BuildOptions): Promise<BuildContext> {
  const { context, dockerfile, workingDirectory } = options;
  if (context === "-") {
    if (dockerfile === "-")
      throw new BerthError(
        "usage",
        "invalid argument: can't use stdin for both build context and dockerfile",
      );
    return fromFile(build, await spool(build, options.stdin()), dockerfile);
  }
  if (isRepository(context)) {
    const { directory, subdirectory } = await fetchRepository(build, context);
    return withDockerfile(subdirectoryOf(directory, subdirectory), namesOf(dockerfile));
  }
  if (/^https?:\/\//.test(context)) {
    const { path } = await fetchFile(build, context);
    return fromFile(build, path, dockerfile);
  }
  if (dockerfile !== "-") return openDirectoryContext(context, dockerfile, workingDirectory);
  const text = readFileSync(await spool(build, options.stdin()), "utf8");
  return openDirectoryContext(context, dockerfile, workingDirectory, text);
}

export function isRepository(text: string): boolean {
  return isGitUrl(text) || text.startsWith("github.com/");
}

/** A directory inside a repository; nothing leads out of it, because trees are read by descriptor. */
function subdirectoryOf(directory: string, subdirectory: string): string {
  const parts = subdirectory.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new BerthError("invalid-argument", `invalid subdirectory ${subdirectory}`);
  return join(directory, ...parts);
}

const namesOf = (dockerfile: string | undefined) =>
  dockerfile === undefined ? ["Dockerfile", "dockerfile"] : [dockerfile];

/** An archive is a context, anything else a Dockerfile without one. */
async function fromFile(
  build: BuildTools,
  path: string,
  dockerfile: string | undefined,
): Promise<BuildContext> {
  if (await isArchive(build, path))
    return withDockerfile(await contextOfArchive(build, path), namesOf(dockerfile));
  const text = readFileSync(path, "utf8");
  return { directory: undefined, dockerfile: { name: "Dockerfile", text }, ignore: [] };
}

/** Everything in a context is the person's own, whoever the archive says. */
export async function contextOfArchive(build: BuildTools, path: string): Promise<string> {
  const unpacked = await unpackArchive(build, path);
  const item = {
    kind: "tree" as const,
    roots: [unpacked],
    path: "/",
    exclude: [],
    ignore: [],
    keepOwners: false,
    archive: true,
  };
  return copyOut(build, temporaryPath(build, "context"), { items: [item] });
}

async function spool(build: BuildTools, stream: AsyncIterable<Uint8Array>): Promise<string> {
  const path = temporaryPath(build, "stdin");
  const file = openSync(path, "wx", 0o600);
  try {
    for await (const chunk of stream)
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
  } finally {
    closeSync(file);
  }
  return path;
}
