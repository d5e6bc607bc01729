import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerRegistryPath, startDockerRegistry } from "./docker-registry.ts";

/** What scripts/debian-image made; scripts/test names it. The judges' tests are skipped without the variable only. */
export const realImageArchive = process.env.BERTH_DEBIAN_IMAGE;

/** What scripts/debian-packages made. */
export const realPackagesArchive = process.env.BERTH_DEBIAN_PACKAGES;

/** Why these tests cannot run here; undefined where they can. A variable that names a missing file is a failure, no reason. */
export const noRealImage = realImageArchive
  ? undefined
  : "no BERTH_DEBIAN_IMAGE: run ./scripts/test, which makes the image";

/** How the one image is offered by the registry: repository:tag by the kind of its manifest and layers. */
export const realImageVariants = {
  "OCI with gzip layers": "debian:nginx",
  "Docker schema 2": "docker:nginx",
  "OCI with zstd layers": "zstd:nginx",
  "OCI with uncompressed layers": "plain:nginx",
  "an index with two platforms": "multi:nginx",
} as const;

export interface RealImage {
  /** `127.0.0.1:<port>` of a docker-registry with all variants. */
  readonly host: string;
  /** The reference of a variant at the registry. */
  readonly name: (variant: keyof typeof realImageVariants) => string;
  /** The OCI image layout, and the tag of the image in it. */
  readonly layout: string;
  readonly tag: "nginx";
  /** A directory for the files of a test; it is gone with the test run. */
  readonly newDirectory: (name: string) => string;
}

let made: Promise<RealImage> | undefined;

/** Unpacks the image, starts a registry and pushes all variants, once in a test run. */
export function realImage(): Promise<RealImage> {
  made ??= make();
  return made;
}

async function make(): Promise<RealImage> {
  if (realImageArchive === undefined || !existsSync(realImageArchive)) {
    throw new Error(
      `there is no image at BERTH_DEBIAN_IMAGE (${realImageArchive}): see what scripts/test said`,
    );
  }
  if (dockerRegistryPath === null) throw new Error("docker-registry is not installed");
  const directory = mkdtempSync(join(tmpdir(), "berth-real-"));
  process.on("exit", () => {
    rmSync(directory, { recursive: true, force: true });
  });
  let directories = 0;
  const newDirectory = (name: string) => {
    const path = join(directory, `${name}-${directories++}`);
    mkdirSync(path);
    return path;
  };
  const layout = newDirectory("layout");
  await judge(["tar", "-C", layout, "-xf", realImageArchive]);
  const registry = await startDockerRegistry({ directory: newDirectory("registry") });
  const { host } = registry;
  const name = (variant: keyof typeof realImageVariants) => `${host}/${realImageVariants[variant]}`;
  const from = `oci:${layout}:nginx`;
  const push = (flags: readonly string[], source: string, target: string) =>
    judge([
      "skopeo",
      "copy",
      "--quiet",
      "--insecure-policy",
      "--dest-tls-verify=false",
      "--src-tls-verify=false",
      ...flags,
      source,
      target,
    ]);

  await push([], from, `docker://${name("OCI with gzip layers")}`);
  await push(["--format", "v2s2"], from, `docker://${name("Docker schema 2")}`);
  await push(["--dest-compress-format", "zstd"], from, `docker://${name("OCI with zstd layers")}`);
  const plain = newDirectory("plain");
  await push(["--dest-decompress"], from, `dir:${plain}`);
  await push(["--preserve-digests"], `dir:${plain}`, `docker://${name("OCI with uncompressed layers")}`);
  await pushIndex(layout, newDirectory("index"), (source) =>
    push(["--multi-arch", "all"], source, `docker://${name("an index with two platforms")}`),
  );
  return { host, name, layout, tag: "nginx", newDirectory };
}

/** Two images of one index: the real one, and one that says that it is for arm64. umoci makes the second. */
async function pushIndex(
  layout: string,
  directory: string,
  push: (source: string) => Promise<unknown>,
): Promise<void> {
  const copy = join(directory, "layout");
  await judge(["cp", "-a", layout, copy]);
  await judge(["umoci", "config", "--image", `${copy}:nginx`, "--tag", "arm", "--architecture", "arm64"]);
  const path = join(copy, "index.json");
  const { manifests } = JSON.parse(readFileSync(path, "utf8")) as {
    manifests: { digest: string; annotations: Record<string, string> }[];
  };
  const platforms = {
    arm: { os: "linux", architecture: "arm64" },
    nginx: { os: "linux", architecture: "amd64" },
  };
  const entries = Object.entries(platforms).map(([tag, platform]) => {
    const entry = manifests.find(
      ({ annotations }) => annotations["org.opencontainers.image.ref.name"] === tag,
    )!;
    const { annotations: _, ...descriptor } = entry;
    return { ...descriptor, platform };
  });
  const index = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: entries });
  const digest = new Bun.CryptoHasher("sha256").update(index).digest("hex");
  writeFileSync(join(copy, "blobs/sha256", digest), index);
  const root = { mediaType: indexType, digest: `sha256:${digest}`, size: index.length };
  const named = { ...root, annotations: { "org.opencontainers.image.ref.name": "both" } };
  writeFileSync(path, JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  await push(`oci:${copy}:both`);
}

const indexType = "application/vnd.oci.image.index.v1+json";

/** Runs a tool that is not ours; its stdout. Throws with its stderr when it fails. */
export async function judge(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = Bun.spawn([...argv], {
    cwd: "/",
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${argv.join(" ")}: status ${code}: ${stderr}`);
  return stdout;
}

/** Podman with a storage of its own, native overlay and no network. */
export class Podman implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "podman-"));
  readonly #runtime = mkdtempSync("/tmp/berth-p"); // podman takes no long name here
  readonly #flags = [
    `--root=${this.#directory}`,
    `--runroot=${this.#runtime}/run`,
    `--tmpdir=${this.#runtime}/tmp`,
    "--storage-driver=overlay",
    "--cgroup-manager=cgroupfs",
    "--events-backend=none",
  ];

  readonly #env: Readonly<Record<string, string>>;

  /** `insecure`: a registry that may speak HTTP, also where podman takes no flag for it. */
  constructor(insecure?: string) {
    const configuration = join(this.#runtime, "registries.conf");
    if (insecure !== undefined)
      writeFileSync(configuration, `[[registry]]\nlocation = "${insecure}"\ninsecure = true\n`);
    this.#env = insecure === undefined ? {} : { CONTAINERS_REGISTRIES_CONF: configuration };
  }

  run(...args: readonly string[]): Promise<string> {
    return judge(["podman", ...this.#flags, ...args], this.#env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await judge(["unshare", "--map-auto", "--map-root-user", "rm", "-rf", this.#directory, this.#runtime]);
  }
}
