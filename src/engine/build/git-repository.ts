import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BerthError, isBerthError, messageOf } from "../../base/errors.ts";
import { DockerfileError } from "../../build/dockerfile-error.ts";
import { type BuildTools, temporaryPath } from "./build-environment.ts";
import { parseGitUrl } from "./git-url.ts";

export interface GitOptions {
  readonly keepGitDirectory?: boolean;
  readonly checksum?: string;
}

export interface GitFiles {
  readonly directory: string;
  /** Inside of it, where not all of it was asked for. */
  readonly subdirectory: string;
  readonly commit: string;
}

/** Fetches a commit of a repository, without its history where the server can do that, by the `git` of the machine. */
export async function fetchRepository(
  build: BuildTools,
  url: string,
  options: GitOptions = {},
): Promise<GitFiles> {
  const { remote, reference = "HEAD", subdirectory, submodules, ...said } = parseGitUrl(url);
  const { keepGitDirectory = false, checksum } = { ...options, ...said };
  if (Bun.which("git") === null)
    throw new BerthError("unsupported", `cannot fetch ${remote}: the program git is not installed`);
  if (remote.startsWith("-") || reference.startsWith("-"))
    throw new BerthError("invalid-argument", `invalid git URL: ${url}`);
  if (checksum !== undefined && !/^[0-9a-f]+$/i.test(checksum))
    throw new DockerfileError(`invalid checksum ${checksum} for Git URL, expected hex commit hash`);
  const directory = temporaryPath(build, "git");
  await git(build, ["-c", "init.defaultBranch=master", "init", "-q", directory]);
  const inside = (...words: string[]) => git(build, ["-C", directory, ...words]);
  await inside("remote", "add", "origin", remote);
  const isCommit = /^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(reference);
  const all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
  await shallow((...depth) => {
    const what = isCommit && depth.length === 0 ? all : [reference];
    return inside("fetch", "-q", "--no-tags", ...depth, "origin", ...what);
  }).catch((error: unknown) => {
    if (!/couldn't find remote ref/.test(messageOf(error))) throw error;
    throw new DockerfileError(`repository does not contain ref ${reference}`, undefined, { cause: error });
  });
  await inside("checkout", "-q", isCommit ? reference : "FETCH_HEAD");
  const commit = (await inside("rev-parse", "HEAD")).trim();
  if (checksum !== undefined && !commit.startsWith(checksum.toLowerCase()))
    throw new DockerfileError(`expected checksum to match ${checksum}, got ${commit}`);
  if (submodules)
    await shallow((...depth) => inside("submodule", "-q", "update", "--init", "--recursive", ...depth));
  const [, tag] = /\ttag '([^']+)'/.exec(readFileSync(`${directory}/.git/FETCH_HEAD`, "utf8")) ?? [];
  if (!keepGitDirectory) await build.tools.removeTree(`${directory}/.git`);
  else if (tag !== undefined) await inside("update-ref", `refs/tags/${tag}`, "FETCH_HEAD"); // for git describe
  return { directory, subdirectory, commit };
}

/** The directory that was asked for; nothing leads out of it, because trees are read by descriptor. */
export function placeOf({ directory, subdirectory }: GitFiles): string {
  const parts = subdirectory.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new BerthError("invalid-argument", `invalid subdirectory ${subdirectory}`);
  return join(directory, ...parts);
}

/** Without history first; not every server can leave it away, or knows commits by their name. */
async function shallow(get: (...depth: string[]) => Promise<unknown>): Promise<void> {
  try {
    await get("--depth", "1");
  } catch (error) {
    if (!isBerthError(error, "helper-failed")) throw error;
    if (!/shallow|not our ref|unadvertised/.test(error.message)) throw error;
    await get();
  }
}

async function git({ context, signal }: BuildTools, words: readonly string[]): Promise<string> {
  const child = Bun.spawn(["git", ...words], {
    env: {
      ...context.env,
      LC_ALL: "C",
      GIT_TERMINAL_PROMPT: "0",
      GIT_ALLOW_PROTOCOL: "https:http:git:ssh",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    signal,
  });
  const [output, complaint, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  signal.throwIfAborted();
  if (code === 0) return output;
  const [, , command] = words; // after -C DIRECTORY or -c SETTING
  throw new BerthError("helper-failed", `git ${command} failed: ${complaint.trim()}`);
}
