import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { BerthError } from "../../base/errors.ts";
import { isGitUrl } from "../../build/plan/plan-copy.ts";
import { isArchive, unpackArchive } from "./archives.ts";
import { type BuildContext, openDirectoryContext, withDockerfile } from "./build-context.ts";
import type { EngineContext } from "../context.ts";
import { type BuildTools, temporaryPath, toolsOf } from "./build-environment.ts";
import type { BuildOptions } from "./build-options.ts";
import { copyOut } from "./mount-files.ts";
import { asVertex, type BuildProgress } from "./progress.ts";
import { fetchRepository, placeOf } from "./git-repository.ts";
import { fetchFile } from "./remote-files.ts";
import { truthOf } from "../../build/truth.ts";

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
  const { context, dockerfile, workingDirectory, buildArgs } = options;
  const among = async (root: string) => withDockerfile(root, namesOf(dockerfile));
  const beside = async (root: string) => {
    const text = dockerfile === "-" ? readFileSync(await spool(build, options.stdin()), "utf8") : undefined;
    return openDirectoryContext(root, dockerfile, workingDirectory, text);
  };
  if (context === "-") {
    if (dockerfile === "-")
      throw new BerthError(
        "usage",
        "invalid argument: can't use stdin for both build context and dockerfile",
      );
    return fromFile(build, await spool(build, options.stdin()), among);
  }
  // A relative path is one among the files that come from elsewhere.
  const remote = dockerfile === "-" || dockerfile?.startsWith("/") ? beside : among;
  if (isRepository(context)) {
    const keepGitDirectory = truthOf(buildArgs.BUILDKIT_CONTEXT_KEEP_GIT_DIR ?? "") ?? false;
    return remote(placeOf(await fetchRepository(build, context, { keepGitDirectory })));
  }
  if (/^https?:\/\//.test(context)) return fromFile(build, (await fetchFile(build, context)).path, remote);
  return beside(context);
}

export function isRepository(text: string): boolean {
  return isGitUrl(text) || text.startsWith("github.com/");
}

const namesOf = (dockerfile: string | undefined) =>
  dockerfile === undefined ? ["Dockerfile", "dockerfile"] : [dockerfile];

/** An archive is a context, anything else a Dockerfile without one. */
async function fromFile(
  build: BuildTools,
  path: string,
  withFiles: (root: string) => Promise<BuildContext>,
): Promise<BuildContext> {
  if (await isArchive(build, path)) return withFiles(await contextOfArchive(build, path));
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
