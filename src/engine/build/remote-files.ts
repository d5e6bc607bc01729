import { closeSync, openSync, utimesSync, writeSync } from "node:fs";
import { buildInformation } from "../../base/build-information.ts";
import { BerthError } from "../../base/errors.ts";
import { DockerfileError } from "../../build/dockerfile-error.ts";
import { downloadFile } from "../../registry/download-file.ts";
import { type BuildTools, temporaryPath } from "./build-environment.ts";

export interface DownloadedFile {
  readonly path: string;
  readonly digest: string;
  /** Seconds since 1970, as the file is dated; 0 when the server does not say. */
  readonly modified: number;
}

/** 16 GiB: more is taken for an endless answer. */
const limit = 16 * 1024 ** 3;

/** A file of the web, until the build ends. Throws when it has not the `checksum` that was asked for. */
export async function fetchFile(build: BuildTools, url: string, checksum?: string): Promise<DownloadedFile> {
  const { context, signal } = build;
  const download = await downloadFile(url, {
    env: context.env,
    userAgent: `berth/${buildInformation.version}`,
    limit,
    signal,
  });
  const path = temporaryPath(build, "download");
  const file = openSync(path, "wx", 0o600);
  const hash = new Bun.CryptoHasher("sha256");
  try {
    for await (const chunk of download.chunks()) {
      hash.update(chunk);
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
    }
  } finally {
    closeSync(file);
  }
  const digest = `sha256:${hash.digest("hex")}`;
  if (checksum !== undefined && checksum !== digest)
    throw new DockerfileError(`digest mismatch for ${url}: ${digest} (expected: ${checksum})`);
  const modified = download.modified ?? 0;
  utimesSync(path, modified, modified);
  return { path, digest, modified };
}

/** `--checksum` of a download. Throws for what is no sha256. */
export function requireDigest(checksum: string): void {
  if (!/^sha256:[0-9a-f]{64}$/.test(checksum))
    throw new DockerfileError(`invalid checksum digest format: ${checksum}`);
}

export interface GitSource {
  readonly remote: string;
  readonly reference: string | undefined;
  readonly subdirectory: string;
}

/** `URL[#REF[:DIRECTORY]]` */
export function parseGitUrl(text: string): GitSource {
  const at = text.indexOf("#");
  const fragment = at === -1 ? "" : text.slice(at + 1);
  const colon = fragment.indexOf(":");
  const reference = colon === -1 ? fragment : fragment.slice(0, colon);
  return {
    remote: (at === -1 ? text : text.slice(0, at)).replace(/^github\.com\//, "https://github.com/"),
    ...(reference === "" ? { reference: undefined } : { reference }),
    subdirectory: colon === -1 ? "" : fragment.slice(colon + 1),
  };
}

/** Clones a repository, one commit deep, with the `git` program of the machine; the directory that was asked for. */
export async function fetchRepository(
  build: BuildTools,
  url: string,
  { keepGitDirectory = false, checksum }: { keepGitDirectory?: boolean; checksum?: string } = {},
): Promise<{ readonly directory: string; readonly subdirectory: string; readonly commit: string }> {
  const { remote, reference = "HEAD", subdirectory } = parseGitUrl(url);
  if (Bun.which("git") === null)
    throw new BerthError("unsupported", `cannot fetch ${remote}: the program git is not installed`);
  if (remote.startsWith("-") || reference.startsWith("-"))
    throw new BerthError("invalid-argument", `invalid git URL: ${url}`);
  const directory = temporaryPath(build, "git");
  await git(build, ["init", "-q", directory]);
  const inside = (...words: string[]) => git(build, ["-C", directory, ...words]);
  await inside("fetch", "-q", "--depth", "1", "--", remote, reference);
  await inside("checkout", "-q", "FETCH_HEAD");
  const commit = (await inside("rev-parse", "HEAD")).trim();
  if (checksum !== undefined && !commit.startsWith(checksum))
    throw new DockerfileError(`expected checksum to match ${checksum}, got ${commit}`);
  await inside("submodule", "-q", "update", "--init", "--recursive", "--depth", "1");
  if (!keepGitDirectory) await build.tools.removeTree(`${directory}/.git`);
  return { directory, subdirectory, commit };
}

async function git({ context, signal }: BuildTools, words: readonly string[]): Promise<string> {
  const child = Bun.spawn(["git", ...words], {
    env: { ...context.env, GIT_TERMINAL_PROMPT: "0", GIT_ALLOW_PROTOCOL: "https:http:git:ssh" },
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
  throw new BerthError(
    "helper-failed",
    `git ${words[0] === "-C" ? words[2] : words[0]} failed: ${complaint.trim()}`,
  );
}
