import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { extract, type Header, pack } from "tar-stream";

/** What the second layer installs on a minimal Debian; chosen for 90 MB compressed, 230 MB unpacked in all. */
const secondLayerPackages = "nginx,git";

const release = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];

/** What the image is made of and how. A cached image of another recipe is made anew: raise `version` with the code below. */
const recipe = JSON.stringify({ version: 1, release, variant: "minbase", secondLayerPackages, gzip: 6 });

async function mmdebstrap(output: string, include: string | undefined): Promise<void> {
  const sources = [
    "/etc/apt/sources.list.d/debian.sources",
    "/etc/apt/sources.list.d/ubuntu.sources",
    "/etc/apt/sources.list",
  ];
  const source = sources.find((path) => existsSync(path));
  if (release === undefined || source === undefined)
    throw new Error("mmdebstrap needs a Debian or Ubuntu machine");
  const child = Bun.spawn(
    [
      "mmdebstrap",
      "--mode=unshare",
      "--variant=minbase",
      ...(include === undefined ? [] : [`--include=${include}`]),
      release,
      output,
      source,
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  const talk = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`mmdebstrap failed:\n${talk.slice(-2000)}`);
}

/** Two entries with the same key are the same for the purpose of a layer. */
function keyOf(header: Header): string {
  const { name, type, size, mode, uid, gid, mtime, linkname } = header;
  return JSON.stringify([name, type, size, mode, uid, gid, type === "file" ? mtime?.getTime() : 0, linkname]);
}

/** The archive of what `full` has and `base` has not. */
async function difference(base: string, full: string): Promise<Buffer> {
  const known = new Set<string>();
  for await (const entry of createReadStream(base).pipe(extract())) {
    known.add(keyOf(entry.header));
    entry.resume();
  }
  const out = pack();
  const chunks: Uint8Array[] = [];
  const collected = (async () => {
    for await (const chunk of out) chunks.push(chunk as Uint8Array);
  })();
  for await (const entry of createReadStream(full).pipe(extract())) {
    if (known.has(keyOf(entry.header))) {
      entry.resume();
      continue;
    }
    const content: Uint8Array[] = [];
    for await (const chunk of entry) content.push(chunk as Uint8Array);
    out.entry(entry.header, Buffer.concat(content));
  }
  out.finalize();
  await collected;
  return Buffer.concat(chunks);
}

function digestOf(content: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

export interface BenchmarkImage {
  /** Directory of an OCI image layout with the tag `latest`. */
  readonly layout: string;
  /** Bytes of the layers, compressed and not. */
  readonly compressed: number;
  readonly unpacked: number;
}

/** The image to pull, made once and kept in `cache` as long as its recipe is the same. */
export async function benchmarkImage(cache: string): Promise<BenchmarkImage> {
  const layout = join(cache, "image");
  const facts = join(cache, "image/facts.json");
  if (existsSync(facts)) {
    const known = JSON.parse(readFileSync(facts, "utf8")) as Omit<BenchmarkImage, "layout"> & {
      recipe?: string;
    };
    if (known.recipe === recipe) return { layout, compressed: known.compressed, unpacked: known.unpacked };
  }

  const work = join(cache, "image.new");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "blobs/sha256"), { recursive: true });
  const put = (content: Uint8Array | string, mediaType: string) => {
    const digest = digestOf(content);
    writeFileSync(join(work, "blobs/sha256", digest.slice("sha256:".length)), content);
    return { mediaType, digest, size: Buffer.byteLength(content) };
  };
  const [base, full] = [join(work, "base.tar"), join(work, "full.tar")];
  await mmdebstrap(base, undefined);
  await mmdebstrap(full, secondLayerPackages);
  const layers = [readFileSync(base), await difference(base, full)];
  const descriptors = layers.map((layer) =>
    put(gzipSync(layer, { level: 6 }), "application/vnd.oci.image.layer.v1.tar+gzip"),
  );
  rmSync(base);
  rmSync(full);
  const config = put(
    JSON.stringify({
      created: new Date().toISOString(),
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: {
        Cmd: ["/bin/bash"],
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      },
      rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
      history: [
        { created_by: "mmdebstrap --variant=minbase" },
        { created_by: `install ${secondLayerPackages}` },
      ],
    }),
    "application/vnd.oci.image.config.v1+json",
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = put(
    JSON.stringify({ schemaVersion: 2, mediaType, config, layers: descriptors }),
    mediaType,
  );
  writeFileSync(join(work, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(work, "index.json"),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{ ...manifest, annotations: { "org.opencontainers.image.ref.name": "latest" } }],
    }),
  );
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const sizes = {
    compressed: sum(descriptors.map(({ size }) => size)),
    unpacked: sum(layers.map(({ length }) => length)),
  };
  writeFileSync(join(work, "facts.json"), JSON.stringify({ ...sizes, recipe }));
  rmSync(layout, { recursive: true, force: true });
  renameSync(work, layout);
  return { layout, ...sizes };
}
