import { closeSync, openSync, utimesSync, writeSync } from "node:fs";
import { userAgent } from "../../base/build-information.ts";
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
    userAgent,
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
