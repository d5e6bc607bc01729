/** Pulls from Debian's docker-registry with a proxy before it that injects every fault. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256Of } from "../../src/oci/digest.ts";
import { berth } from "../support/berth-executable.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import {
  type Authentication,
  type Fault,
  type FaultyRegistry,
  startFaultyRegistry,
} from "../support/faulty-registry.ts";
import { tarOf } from "../support/image-archives.ts";
import { download, failureOf, openTestRegistry, patternedBytes } from "../support/registry-client.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeOciLayout } from "../support/write-oci-layout.ts";
import { storeRoots } from "../support/store-roots.ts";

const missing = [dockerRegistryPath, Bun.which("skopeo")].includes(null);
const directory = temporaryDirectory();
const layerSize = 2_000_000;
const half = layerSize / 2;
let registry: DockerRegistry;
/** Compressed; hardly smaller than what is in it. */
let layer: Uint8Array;
let layerDigest: string;

const { roots, newRoot } = storeRoots(directory);

const stand = (auth?: Authentication) =>
  startFaultyRegistry({ upstream: registry.host, ...(auth === undefined ? {} : { auth }) });
const pull = (root: string, { host }: FaultyRegistry) => berth(root, ["pull", `${host}/team/app`]);

interface Passing {
  readonly where: string;
  readonly fault: Fault | ((proxy: FaultyRegistry) => Fault);
  readonly auth?: Authentication;
  /** What the pull says about it. */
  readonly says?: string;
  readonly takes?: number;
}

const busy = (status: number, headers: Record<string, string> = {}): Fault => ({
  kind: "answer",
  status,
  headers,
});

/** Faults that end by themselves: the pull succeeds. */
const passing: Record<string, Passing> = {
  "429 with Retry-After": {
    where: "layer",
    fault: busy(429, { "retry-after": "2" }),
    says: "2 seconds",
    takes: 2000,
  },
  "429 for a manifest": { where: "/manifests/", fault: busy(429, { "retry-after": "1" }), takes: 1000 },
  "500": { where: "layer", fault: busy(500), says: "Retrying in 1 second" },
  "502": { where: "/manifests/", fault: busy(502) },
  "503": { where: "layer", fault: busy(503), says: "Retrying in 1 second" },
  "504": { where: "layer", fault: busy(504), says: "Retrying in 1 second" },
  "a reset before the answer": { where: "layer", fault: { kind: "reset" } },
  "a reset in the middle": { where: "layer", fault: { kind: "reset", afterBytes: half } },
  "an end in the middle": { where: "layer", fault: { kind: "short", afterBytes: half } },
  "the end of all tokens in the middle": {
    where: "layer",
    auth: { kind: "bearer" },
    fault: (proxy) => ({ kind: "short", afterBytes: half, hold: async () => proxy.expireTokens() }),
  },
  "no ranges": { where: "layer", fault: { kind: "no-ranges" } },
  "no lengths": { where: "layer", fault: { kind: "chunked" } },
};

/** Faults that are refused; without them the next pull succeeds. */
const refused: Record<string, readonly [where: string, fault: Fault]> = {
  "a blob with one wrong byte": ["layer", { kind: "corrupt" }],
  "a blob that is too short": ["layer", { kind: "truncate", bytes: 100 }],
  "a blob that is too long": ["layer", { kind: "append", bytes: 100 }],
  "a blob that is too long and does not say so": ["layer", { kind: "append", bytes: 100, chunked: true }],
  "a blob without an end": ["layer", { kind: "endless" }],
  "a manifest with one wrong byte": ["/manifests/", { kind: "corrupt" }],
  "a manifest whose header lies": [
    "/manifests/",
    { kind: "headers", headers: { "docker-content-digest": `sha256:${"0".repeat(64)}` } },
  ],
  "a manifest without an end": ["/manifests/", { kind: "endless" }],
  "an error without an end": ["/manifests/", { kind: "endless", status: 403 }],
  "headers without an end": [
    "/manifests/",
    { kind: "headers", headers: { "x-long": "x".repeat(10_000_000) } },
  ],
  "a redirect to itself": ["layer", { kind: "redirect", to: "/v2/team/app/blobs/around" }],
  "a wait of an hour": ["/manifests/", busy(429, { "retry-after": "3600" })],
};

/** Whatever is there under its final name is what its name says, and there is no image. */
async function expectNothingKept(root: string): Promise<void> {
  expect((await berth(root, ["images", "-aq"])).stdout).toBe("");
  const [blobs, layers] = [join(root, "data/blobs/sha256"), join(root, "data/layers")];
  for (const hex of existsSync(blobs) ? readdirSync(blobs) : [])
    expect(sha256Of(readFileSync(join(blobs, hex)))).toBe(`sha256:${hex}`);
  expect(existsSync(layers) ? readdirSync(layers) : []).toEqual([]);
}

describe.skipIf(missing)("docker-registry behind a bad network", () => {
  beforeAll(async () => {
    const storage = join(directory.path, "registry");
    mkdirSync(storage);
    registry = await startDockerRegistry({ directory: storage });
    layer = Bun.gzipSync(await tarOf([{ name: "file", content: patternedBytes(layerSize) }]), { level: 0 });
    layerDigest = sha256Of(layer);
    const layout = join(directory.path, "layout");
    writeOciLayout(layout, { layers: [layer] });
    const to = `docker://${registry.host}/team/app:latest`;
    const copy = ["skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false"];
    const pushed = Bun.spawnSync([...copy, `oci:${layout}:latest`, to]);
    if (!pushed.success) throw new Error(`skopeo cannot push: ${pushed.stderr.toString()}`);
  });
  afterAll(async () => {
    await Promise.all(roots.map((root) => berth(root, ["system", "prune", "-af"])));
    await registry?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });
  const place = (where: string) => (where === "layer" ? layerDigest : where);

  test.concurrent.each(Object.keys(passing))("%s is got over", async (name) => {
    const { where, fault, auth, says = "", takes = 0 } = passing[name]!;
    await using proxy = stand(auth);
    proxy.inject(place(where), typeof fault === "function" ? fault(proxy) : fault, { times: 1 });
    const began = performance.now();
    const { code, stdout, stderr } = await pull(newRoot(), proxy);
    expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: "" });
    expect(stdout).toContain(says);
    expect(performance.now() - began).toBeGreaterThanOrEqual(takes);
  });

  test.concurrent.each(Object.keys(refused))("%s is refused, and the next pull succeeds", async (name) => {
    const [where, fault] = refused[name]!;
    await using proxy = stand();
    const root = newRoot();
    const heal = proxy.inject(place(where), fault);
    const { code, stderr } = await pull(root, proxy);
    expect({ name, code, stderr }).toEqual({ name, code: 1, stderr: expect.stringMatching(/^berth: /) });
    expect(stderr.length).toBeLessThan(2000);
    await expectNothingKept(root);
    heal();
    expect(await pull(root, proxy)).toMatchObject({ code: 0, stderr: "" });
  });

  test("silence in the middle is got over, and silence for good is an error", async () => {
    await using proxy = stand();
    proxy.inject(layerDigest, { kind: "stall", afterBytes: half }, { times: 1 });
    const reference = { domain: proxy.host, path: "team/app" };
    const descriptor = { mediaType: "", digest: sha256Of(layer), size: layer.length };
    const client = openTestRegistry({ idleTimeoutMs: 100 });
    const got = await download(client.fetchBlob(reference, descriptor));
    expect(sha256Of(got)).toBe(descriptor.digest);
    const ranges = proxy.requests.map(({ headers }) => headers.range).filter((range) => range !== undefined);
    expect(ranges).toHaveLength(1);
    proxy.inject(layerDigest, { kind: "stall" });
    const error = await failureOf(download(client.fetchBlob(reference, descriptor)));
    expect(error.message).toContain("no data for 0.1 seconds");
  });

  test("a layer that cannot fit is refused before its first byte is asked for", async () => {
    await using proxy = startFaultyRegistry();
    const { reference, manifest, config, layers } = proxy.addImage({ layers: [layer] });
    const { mediaType } = manifest;
    const lie = { schemaVersion: 2, mediaType, config, layers: [{ ...layers[0], size: 2 ** 50 }] };
    proxy.addManifest(reference.path, Buffer.from(JSON.stringify(lie)), mediaType, "latest");
    const root = newRoot();
    const { code, stderr } = await berth(root, ["pull", `${proxy.host}/${reference.path}`]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /no space left on the disk of .* 2147483648\.0 MiB needed, [\d.]+ MiB free/,
      ),
    });
    expect(proxy.requests.filter(({ path }) => path.includes(layerDigest))).toEqual([]);
    await expectNothingKept(root);
  });
});
