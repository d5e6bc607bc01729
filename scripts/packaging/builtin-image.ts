import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { BuiltinImageManifest } from "../../src/sys/embedded.ts";
import { publish } from "./helper-bundle.ts";

export const builtinReference = "builtin.berth/busybox:latest";

type Entry = { name: string; mode: number } & (
  | { type: "directory" }
  | { type: "symlink"; linkname: string }
  | { type: "file"; content: Uint8Array | string }
);

async function tar(entries: readonly Entry[], mtime: Date): Promise<Buffer> {
  const stream = pack();
  const chunks: Uint8Array[] = [];
  const collected = (async () => {
    for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  })();
  for (const entry of entries) {
    const header = {
      name: entry.name,
      mode: entry.mode,
      mtime,
      uid: 0,
      gid: 0,
      uname: "root",
      gname: "root",
    };
    if (entry.type === "file") stream.entry({ ...header, type: "file" }, Buffer.from(entry.content));
    else if (entry.type === "symlink")
      stream.entry({ ...header, type: "symlink", linkname: entry.linkname }, "");
    else stream.entry({ ...header, type: "directory" }, "");
  }
  stream.finalize();
  await collected;
  return Buffer.concat(chunks);
}

function directory(name: string, mode = 0o755): Entry {
  return { name: `${name}/`, mode, type: "directory" };
}

/** A small root file system: busybox, a link per applet in /bin, and the files that programs look users up in. */
export function rootFileSystem(busybox: Uint8Array, applets: readonly string[]): Entry[] {
  const file = (name: string, content: string): Entry => ({ name, mode: 0o644, type: "file", content });
  const link = (name: string, linkname: string): Entry => ({ name, mode: 0o777, type: "symlink", linkname });
  return [
    directory("bin"),
    { name: "bin/busybox", mode: 0o755, type: "file", content: busybox },
    ...applets.filter((name) => name !== "busybox").map((name) => link(`bin/${name}`, "busybox")),
    directory("dev"),
    directory("etc"),
    // What every container gets from berth is mounted on these: they are there, so that no writable layer has to have them.
    ...["hosts", "hostname", "resolv.conf"].map((name) => file(`etc/${name}`, "")),
    file("etc/group", "root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n"),
    file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    file(
      "etc/passwd",
      "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    directory("home"),
    directory("proc"),
    directory("root", 0o700),
    directory("run"),
    directory("sys"),
    directory("tmp", 0o1777),
    directory("usr"),
    directory("usr/bin"),
    link("usr/bin/env", "../../bin/env"),
    directory("var"),
    directory("var/tmp", 0o1777),
  ];
}

function digestOf(content: Uint8Array | string): `sha256:${string}` {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** An OCI image layout in a tar archive (image-spec, image-layout.md) that holds one image of one layer. */
export async function encodeBuiltinImage(
  busybox: string,
): Promise<{ archive: Buffer; manifest: `sha256:${string}` }> {
  const listed = Bun.spawnSync([busybox, "--list"]);
  if (!listed.success) throw new Error(`${busybox} --list failed: ${listed.stderr.toString().trim()}`);
  const applets = listed.stdout.toString().trim().split("\n").toSorted();
  // Debian's own build date of busybox: the same package gives the same image.
  const created = new Date(Math.floor(statSync(busybox).mtimeMs / 1000) * 1000);
  const layer = await tar(rootFileSystem(readFileSync(busybox), applets), created);
  const compressed = gzipSync(layer, { level: 9 });
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const config = JSON.stringify({
    created: created.toISOString(),
    architecture,
    os: "linux",
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Cmd: ["sh"],
      WorkingDir: "/",
    },
    rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
    history: [{ created: created.toISOString(), created_by: "berth scripts/build: Debian's busybox-static" }],
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digestOf(config),
      size: config.length,
    },
    layers: [
      {
        mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
        digest: digestOf(compressed),
        size: compressed.length,
      },
    ],
  });
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: digestOf(manifest),
        size: manifest.length,
        platform: { architecture, os: "linux" },
        annotations: {
          "org.opencontainers.image.ref.name": "latest",
          "io.containerd.image.name": builtinReference,
        },
      },
    ],
  });
  const blob = (content: Uint8Array | string): Entry => ({
    name: `blobs/sha256/${digestOf(content).slice("sha256:".length)}`,
    mode: 0o644,
    type: "file",
    content,
  });
  const entries: Entry[] = [
    { name: "oci-layout", mode: 0o644, type: "file", content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: "index.json", mode: 0o644, type: "file", content: index },
    directory("blobs"),
    directory("blobs/sha256"),
    blob(manifest),
    blob(config),
    blob(compressed),
  ];
  return { archive: await tar(entries, created), manifest: digestOf(manifest) };
}

/** Writes `builtin-image.tar` and `builtin-image.json` to `directory`, unless they were made from this busybox already. */
export async function writeBuiltinImage(busybox: string, directory: string): Promise<BuiltinImageManifest> {
  const script = readFileSync(import.meta.path);
  const inputs = createHash("sha256")
    .update(script)
    .update(readFileSync(busybox))
    .update(String(statSync(busybox).mtimeMs))
    .digest("hex");
  const manifestPath = join(directory, "builtin-image.json");
  const archivePath = join(directory, "builtin-image.tar");
  if (existsSync(manifestPath) && existsSync(archivePath)) {
    const present = JSON.parse(readFileSync(manifestPath, "utf8")) as {
      inputs?: string;
    } & BuiltinImageManifest;
    if (present.inputs === inputs) return present;
  }
  const { archive, manifest: manifestDigest } = await encodeBuiltinImage(busybox);
  const manifest: BuiltinImageManifest = {
    digest: createHash("sha256").update(archive).digest("hex"),
    reference: builtinReference,
    manifestDigest,
  };
  publish(archivePath, archive);
  publish(manifestPath, `${JSON.stringify({ ...manifest, inputs }, null, 2)}\n`);
  return manifest;
}
