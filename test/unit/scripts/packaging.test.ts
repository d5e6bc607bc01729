import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { writeBuiltinImage } from "../../../scripts/packaging/builtin-image.ts";
import { writeHelperBundle } from "../../../scripts/packaging/helper-bundle.ts";
import { parseLdd } from "../../../scripts/packaging/helper-programs.ts";
import { licenseOf } from "../../../scripts/packaging/licenses.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-packaging-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const output = `\tlinux-vdso.so.1 (0x00007f6895c0a000)
\tlibfuse3.so.3 => /lib/x86_64-linux-gnu/libfuse3.so.3 (0x00007fb671193000)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fb670fb1000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007fb671200000)
`;

test("the libraries and the loader are read from ldd", () => {
  expect(parseLdd(output, "fuse-overlayfs")).toEqual({
    libraries: [
      { name: "libfuse3.so.3", source: "/lib/x86_64-linux-gnu/libfuse3.so.3" },
      { name: "libc.so.6", source: "/lib/x86_64-linux-gnu/libc.so.6" },
    ],
    loader: { name: "ld-linux-x86-64.so.2", source: "/lib64/ld-linux-x86-64.so.2" },
  });
});

test("a library that is not installed stops the build with its name", () => {
  expect(() => parseLdd(`${output}\tlibslirp.so.0 => not found\n`, "slirp4netns")).toThrow(
    "slirp4netns needs libslirp.so.0, which is not installed",
  );
});

test("the licence of a Debian package is the first that its copyright file names", () => {
  expect(licenseOf("catatonit", "Files: *\nLicense: GPL-3+\n text\nLicense: MPL-2.0\n")).toBe("GPL-3+");
  expect(licenseOf("unknown", "Free to use.\n")).toBe("see the text");
});

test("the helper bundle is written again only when a file in it changed", () => {
  const source = join(directory, "ip");
  const programs = {
    files: [{ name: "ip", source }],
    loader: "ld-linux.so",
    programs: { ip: "dynamic" } as const,
  };
  const modified = () => statSync(join(directory, "helpers.bundle")).mtimeMs;
  writeFileSync(source, "one");
  const first = writeHelperBundle(programs, directory);
  utimesSync(join(directory, "helpers.bundle"), 1, 1);
  expect(writeHelperBundle(programs, directory).digest).toBe(first.digest);
  expect(modified()).toBe(1000);
  writeFileSync(source, "two");
  expect(writeHelperBundle(programs, directory).digest).not.toBe(first.digest);
  expect(modified()).not.toBe(1000);
});

describe("the built-in image", () => {
  /** Stands for busybox: lists its applets. */
  function busybox(applets: string): string {
    const path = join(directory, "busybox");
    writeFileSync(path, `#!/bin/sh\nprintf '${applets}'\n`);
    chmodSync(path, 0o755);
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    return path;
  }

  test("is the same for the same busybox, and another for another", async () => {
    const first = await writeBuiltinImage(busybox("ash\\nsh\\n"), directory);
    rmSync(join(directory, "builtin-image.json"));
    expect(await writeBuiltinImage(busybox("ash\\nsh\\n"), directory)).toMatchObject({
      digest: first.digest,
    });
    expect((await writeBuiltinImage(busybox("sh\\n"), directory)).digest).not.toBe(first.digest);
  });

  test("is an OCI image layout whose blobs have the digests they are named by", async () => {
    const { manifestDigest } = await writeBuiltinImage(busybox("sh\\n"), directory);
    const tar = (...args: string[]) =>
      Bun.spawnSync(["tar", "-xOf", join(directory, "builtin-image.tar"), ...args]).stdout;
    const blob = (digest: string) => {
      const bytes = tar(`blobs/sha256/${digest.slice("sha256:".length)}`);
      expect(`sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`).toBe(digest);
      return bytes;
    };
    const index = JSON.parse(tar("index.json").toString());
    expect(index.manifests[0].digest).toBe(manifestDigest);
    const manifest = JSON.parse(blob(manifestDigest).toString());
    const config = JSON.parse(blob(manifest.config.digest).toString());
    expect(config.created).toBe("2023-11-14T22:13:20.000Z");
    const layer = gunzipSync(blob(manifest.layers[0].digest));
    expect(config.rootfs.diff_ids).toEqual([
      `sha256:${new Bun.CryptoHasher("sha256").update(layer).digest("hex")}`,
    ]);
    const listing = Bun.spawnSync(["tar", "-tvf", "-"], { stdin: layer }).stdout.toString();
    expect(listing).toMatch(/^-rwxr-xr-x root\/root .* bin\/busybox$/m);
    expect(listing).toMatch(/^l.* bin\/sh -> busybox$/m);
    expect(listing).toMatch(/^drwxrwxrwt root\/root .* tmp\/$/m);
  });
});
