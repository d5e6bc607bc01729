/** push with the executable to Debian's docker-registry; skopeo compares what arrived with what it put into another one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BerthOptions, berth as runBerth } from "../support/berth-executable.ts";
import { type Certificate, makeAuthority, makeCertificate } from "../support/certificates.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import { tarOf } from "../support/image-archives.ts";
import { patternedBytes } from "../support/registry-client.ts";
import type { AddedImage } from "../support/registry-image.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeOciLayout } from "../support/write-oci-layout.ts";

const missing = [dockerRegistryPath, Bun.which("skopeo"), Bun.which("openssl")].includes(null);
const user = { name: "user", password: "dTpw-s3cret" };
const directory = temporaryDirectory();
const running: AsyncDisposable[] = [];
let authority: Certificate;
let source: DockerRegistry;
let target: DockerRegistry;
let secure: DockerRegistry;
let root: string;
let image: AddedImage;

const berth = (args: string[], options: BerthOptions = {}) =>
  runBerth(root, args, { ...options, env: { SSL_CERT_FILE: authority.certificate, ...options.env } });

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await berth(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("berth: ") });
  return stdout;
}

async function skopeo(...args: string[]): Promise<string> {
  const child = Bun.spawn(["skopeo", "--insecure-policy", ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", SSL_CERT_FILE: authority.certificate },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`skopeo ${args[0]} fails: ${stderr}`);
  return stdout;
}

const rawManifest = (name: string) => skopeo("inspect", "--raw", "--tls-verify=false", `docker://${name}`);

describe.skipIf(missing)("push", () => {
  beforeAll(async () => {
    authority = await makeAuthority(directory.path);
    const names = "DNS:localhost,IP:127.0.0.1";
    const tls = await makeCertificate(directory.path, "server", { names, authority });
    const start = async (name: string, more = {}) => {
      const path = join(directory.path, name);
      mkdirSync(path);
      const registry = await startDockerRegistry({ directory: path, ...more });
      running.push(registry);
      return registry;
    };
    source = await start("source");
    target = await start("target");
    secure = await start("secure", { user, tls });
    root = join(directory.path, "root");
    mkdirSync(root);
    const layers = await Promise.all(
      [40_000, 4_000_000].map(async (size, index) =>
        Bun.gzipSync(await tarOf([{ name: `file${index}`, content: patternedBytes(size, index + 1) }]), {
          level: 1,
        }),
      ),
    );
    const layout = join(directory.path, "layout");
    image = writeOciLayout(layout, { layers });
    const indexed = join(directory.path, "indexed");
    writeOciLayout(indexed, {
      layers,
      index: [
        { os: "linux", architecture: "amd64" },
        { os: "linux", architecture: "arm64", variant: "v8" },
      ],
    });
    const to = (name: string) => ["--dest-tls-verify=false", `docker://${source.host}/${name}`];
    await skopeo("copy", `oci:${layout}:latest`, ...to("team/app:oci"));
    await skopeo("copy", "--format=v2s2", `oci:${layout}:latest`, ...to("team/app:docker"));
    await skopeo("copy", "--all", `oci:${indexed}:latest`, ...to("team/app:index"));
  });
  afterAll(async () => {
    const listed = await berth(["images", "-q", "--no-trunc"]);
    for (const id of new Set(listed.stdout.split("\n").filter(Boolean))) await berth(["rmi", "-f", id]);
    for (const registry of running) await registry[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test("brings a pulled image to another registry with every digest, and says it in Docker's lines", async () => {
    // Two manifests of one configuration, which is one image with two names.
    for (const tag of ["oci", "docker"]) await succeed("pull", `${source.host}/team/app:${tag}`);
    for (const tag of ["oci", "docker"]) {
      const name = `${target.host}/copy/${tag}:latest`;
      await succeed("tag", `${source.host}/team/app:${tag}`, name);
      const raw = await rawManifest(`${source.host}/team/app:${tag}`);
      const stdout = await succeed("push", name.replace(":latest", ""));
      const lines = stdout.split("\n");
      expect(lines.slice(0, 2)).toEqual([
        "Using default tag: latest",
        `The push refers to repository [${target.host}/copy/${tag}]`,
      ]);
      const digest = new Bun.CryptoHasher("sha256").update(raw).digest("hex");
      expect(lines.at(-2)).toBe(`latest: digest: sha256:${digest} size: ${Buffer.byteLength(raw)}`);
      for (const { digest: layer } of image.layers) {
        const id = layer.slice(7, 19);
        expect(lines).toContain(`${id}: Preparing`);
        expect(lines).toContain(tag === "oci" ? `${id}: Pushed` : `${id}: Mounted from copy/oci`);
      }
      expect(await rawManifest(name)).toBe(raw);
    }
  });

  test("pushes nothing twice", async () => {
    const stdout = await succeed("push", `${target.host}/copy/oci:latest`);
    for (const { digest } of image.layers)
      expect(stdout).toContain(`${digest.slice(7, 19)}: Layer already exists\n`);
  });

  test("pushes the manifest of its platform of an image that came from an index", async () => {
    await succeed("pull", `${source.host}/team/app:index`);
    const name = `${target.host}/copy/index:1`;
    await succeed("tag", `${source.host}/team/app:index`, name);
    const wrong = await berth(["push", "--platform", "linux/s390x", name]);
    expect({ code: wrong.code, stderr: wrong.stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(
        "does not match the specified platform: wanted linux/s390x, actual: linux/",
      ),
    });
    expect((await berth(["tags", `${target.host}/copy/index`])).code).toBe(1);
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    expect(await succeed("push", "-q", "--platform", `linux/${architecture}`, name)).toBe(`${name}\n`);
    const index = JSON.parse(await rawManifest(`${source.host}/team/app:index`));
    const [entry] = index.manifests;
    const raw = await rawManifest(name);
    expect(`sha256:${new Bun.CryptoHasher("sha256").update(raw).digest("hex")}`).toBe(entry.digest);
  });

  test("pushes none of a repository's tags where one is for another platform", async () => {
    const name = `${target.host}/copy/mixed`;
    await succeed("pull", `${source.host}/team/app:index`);
    await succeed("tag", `${source.host}/team/app:index`, `${name}:a`);
    const tar = join(directory.path, "other.tar");
    writeFileSync(tar, await tarOf([{ name: "f", content: Buffer.from("x") }]));
    await succeed("import", "--platform", "linux/s390x", tar, `${name}:b`);
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    for (const platform of ["linux/s390x", `linux/${architecture}`]) {
      const { code, stderr } = await berth(["push", "-a", "--platform", platform, name]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(`does not match the specified platform: wanted ${platform}`),
      });
      expect((await berth(["tags", name])).stderr).toContain("not found");
    }
    await succeed("rmi", `${name}:b`);
  });

  test("pushes all tags of a repository with -a", async () => {
    for (const tag of ["1", "2"])
      await succeed("tag", `${target.host}/copy/oci`, `${target.host}/all/tags:${tag}`);
    const stdout = await succeed("push", "-a", `${target.host}/all/tags`);
    expect(stdout).toMatch(/^1: digest: sha256:\w+ size: \d+$/m);
    expect(stdout).toMatch(/^2: digest: sha256:\w+ size: \d+$/m);
    expect(stdout).not.toContain("Using default tag");
    const tags = await skopeo("list-tags", "--tls-verify=false", `docker://${target.host}/all/tags`);
    expect(JSON.parse(tags).Tags.toSorted()).toEqual(["1", "2"]);
  });

  test("survives connections that break in the middle of a layer", async () => {
    using proxy = startCuttingProxy(target.port, [1_000_000, 2_500_000]);
    const name = `${proxy.host}/broken/app:1`;
    await succeed("tag", `${source.host}/team/app:oci`, name);
    const stdout = await succeed("push", name);
    expect(proxy.cuts).toBe(2);
    expect(stdout).toContain("Retrying in 1 second");
    expect(await rawManifest(`${target.host}/broken/app:1`)).toBe(
      await rawManifest(`${target.host}/copy/oci:latest`),
    );
    await succeed("rmi", name);
  });

  test("pushes over TLS to a registry with passwords after a login, and is refused before", async () => {
    const name = `${secure.host}/team/app:1`;
    await succeed("tag", `${source.host}/team/app:oci`, name);
    const refused = await berth(["push", name]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`push access denied for ${secure.host}/team/app`);
    expect(refused.stderr).toContain(`berth login ${secure.host}`);
    const login = ["login", "-u", user.name, "--password-stdin", secure.host];
    expect((await berth(login, { stdin: user.password })).code).toBe(0);
    const pushed = await berth(["push", name]);
    expect({ code: pushed.code, stderr: pushed.stderr }).toEqual({ code: 0, stderr: "" });
    expect(pushed.stdout).not.toContain(user.password);
    const digest = await skopeo(
      "inspect",
      "--creds",
      `${user.name}:${user.password}`,
      "--format={{.Digest}}",
      `docker://${name}`,
    );
    expect(pushed.stdout).toContain(`digest: ${digest.trim()} `);
  });

  test("layers that were made here are compressed once, and are the image's own from then on", async () => {
    const context = join(directory.path, "context");
    mkdirSync(context);
    writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /a\nCOPY Dockerfile /b\n");
    const name = `${target.host}/made/here:1`;
    const build = async () => (await succeed("build", "-q", "-t", name, context)).trim();
    const plain = () =>
      readdirSync(join(root, "data/blobs/sha256")).filter(
        (blob) => readFileSync(join(root, "data/blobs/sha256", blob)).indexOf("ustar") === 257,
      );
    const id = await build();
    expect(plain()).toHaveLength(2);
    await succeed("tag", name, `${name}-other`);
    await succeed("push", name);
    expect(plain()).toEqual([]);
    const raw = await rawManifest(name);
    const { layers, config } = JSON.parse(raw);
    expect(config.digest).toBe(id);
    const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    expect(layers.map(({ mediaType }: { mediaType: string }) => mediaType)).toEqual([gzip, gzip]);
    expect(await skopeo("inspect", "--config", "--raw", "--tls-verify=false", `docker://${name}`)).toContain(
      '"rootfs"',
    );
    for (const again of [name, `${name}-other`]) {
      expect((await succeed("push", again)).match(/: Layer already exists$/gm)).toHaveLength(2);
      expect(await rawManifest(again)).toBe(raw);
    }
    // Every step comes from the cache, which has the compressed layers by now.
    expect(await build()).toBe(id);
    expect(plain()).toEqual([]);
    await succeed("rmi", "-f", id);
    await succeed("pull", "-q", name);
    expect(await succeed("images", "-q", "--no-trunc", name)).toBe(`${id}\n`);
    await succeed("builder", "prune", "-af");
  });

  test("an image has one digest, whether it is pushed, copied or built and pushed again", async () => {
    const context = join(directory.path, "reproducible");
    mkdirSync(context);
    writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /a\n");
    const name = `${target.host}/made/again:1`;
    const build = () =>
      succeed(
        ...["build", "-q", "--no-cache", "--build-arg", "SOURCE_DATE_EPOCH=1000000000", "-t", name, context],
      );
    const id = await build();
    await succeed("copy", "-q", `berth:${name}`, `docker://${name}-copy`);
    const raw = await rawManifest(`${name}-copy`);
    expect(raw).toContain("application/vnd.oci.image.layer.v1.tar+gzip");
    for (let round = 0; round < 2; round++) {
      expect(await build()).toBe(id);
      await succeed("push", name);
      expect(await rawManifest(name)).toBe(raw);
    }
    await succeed("rmi", "-f", id.trim());
    await succeed("builder", "prune", "-af");
  });

  test("what was pushed is pulled back as the same image", async () => {
    const name = `${target.host}/copy/oci:latest`;
    const inspect = ["inspect", "--format", "{{.Id}} {{.Descriptor.digest}}", name];
    const before = await succeed(...inspect);
    await succeed("rmi", name);
    await succeed("pull", name);
    expect(await succeed(...inspect)).toBe(before);
  });

  test("refuses in Docker's words what is not there and what cannot be pushed", async () => {
    const cases: [string[], string][] = [
      [
        ["push", `${target.host}/no/such`],
        `An image does not exist locally with the tag: ${target.host}/no/such`,
      ],
      [["push", `${target.host}/copy/oci:nope`], `tag does not exist: ${target.host}/copy/oci:nope`],
      [["push", "-a", `${target.host}/copy/oci:latest`], "tag can't be used with --all-tags/-a"],
      [["push", `${target.host}/copy/oci@${image.manifestDigest}`], "cannot push a digest reference"],
      [["push", "builtin.berth/busybox"], "the names of builtin.berth are reserved"],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await berth(args);
      expect({ args, code, stderr }).toEqual({ args, code: 1, stderr: expect.stringContaining(message) });
    }
  });
});
