/** copy, and inspect and run of what is elsewhere; skopeo compares and reads what we wrote, and the reverse. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berth as runBerth } from "../support/berth-executable.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import { tarOf } from "../support/image-archives.ts";
import { patternedBytes } from "../support/registry-client.ts";
import { storeRoots } from "../support/store-roots.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeOciLayout } from "../support/write-oci-layout.ts";

const missing = [dockerRegistryPath, Bun.which("skopeo")].includes(null);
const builtin = join(import.meta.dir, "../../dist/assets/builtin-image.tar");
const directory = temporaryDirectory();
const { roots, newRoot } = storeRoots(directory);
let registry: DockerRegistry;
let paths = 0;
const newPath = () => join(directory.path, `path${paths++}`);

async function succeed(root: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runBerth(root, args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: expect.not.stringContaining("berth: ") });
  return stdout;
}

async function skopeo(...args: string[]): Promise<string> {
  const child = Bun.spawn(["skopeo", "--insecure-policy", ...args], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`skopeo ${args.join(" ")} fails: ${stderr}`);
  return stdout;
}
const raw = (place: string) =>
  skopeo("inspect", "--raw", ...(place.startsWith("docker:") ? ["--tls-verify=false"] : []), place);
const digestOf = (text: string) => `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;
const at = (name: string) => `docker://${registry.host}/${name}`;

describe.skipIf(missing)("copy", () => {
  beforeAll(async () => {
    const storage = newPath();
    mkdirSync(storage);
    registry = await startDockerRegistry({ directory: storage });
    await skopeo("copy", "--dest-tls-verify=false", `oci-archive:${builtin}`, at("app:1"));
    const indexed = newPath();
    const layer = Bun.gzipSync(await tarOf([{ name: "file", content: patternedBytes(300_000) }]));
    const index = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
    writeOciLayout(indexed, { layers: [layer], index });
    await skopeo("copy", "--all", "--dest-tls-verify=false", `oci:${indexed}:latest`, at("multi:1"));
  });
  afterAll(async () => {
    for (const root of roots) await runBerth(root, ["system", "prune", "-af"]);
    await registry?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test("a registry's image goes to every place with its bytes, and there is no store on the way", async () => {
    const root = newRoot();
    const original = await raw(at("app:1"));
    const [layout, archive, dockerArchive] = [newPath(), newPath(), newPath()];
    for (const to of [`oci:${layout}:one`, `oci-archive:${archive}:example.com/app:1`])
      expect(await succeed(root, "copy", "-q", at("app:1"), to)).toBe(`${digestOf(original)}\n`);
    expect(await raw(`oci:${layout}:one`)).toBe(original);
    expect(await raw(`oci-archive:${archive}`)).toBe(original);
    await succeed(root, "copy", at("app:1"), `docker-archive:${dockerArchive}:example.com/app:1`);
    const config = JSON.parse(original).config.digest;
    const read = JSON.parse(await raw(`docker-archive:${dockerArchive}`));
    expect(read.config.digest).toBe(config);
    const again = await succeed(root, "copy", at("app:1"), at("copies/app:2"));
    expect(again).toContain(": Mounted from app\n");
    expect(again).toEndWith(`Digest: ${digestOf(original)}\n`);
    expect(await raw(at("copies/app:2"))).toBe(original);
    await succeed(root, "copy", at("app:1"), at(`copies/app:4@${digestOf(original)}`));
    expect(await raw(at("copies/app:4"))).toBe(original);
    const wrong = await runBerth(root, ["copy", at("app:1"), at(`nothing/app:5@${digestOf("wrong")}`)]);
    expect(wrong).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(digestOf(original)) });
    for (const from of [`oci:${layout}:one`, `oci-archive:${archive}`]) {
      await succeed(root, "copy", from, at("back/app:3"));
      expect(await raw(at("back/app:3"))).toBe(original);
    }
    expect(existsSync(join(root, "data/berth.db"))).toBe(false);
    const blobs = join(root, "data/blobs/sha256");
    expect(existsSync(blobs) ? readdirSync(blobs) : []).toEqual([]);
  });

  test("an index goes with all it names, or one platform of it", async () => {
    const root = newRoot();
    const original = await raw(at("multi:1"));
    const layout = newPath();
    await succeed(root, "copy", "--all", at("multi:1"), `oci:${layout}:all`);
    expect(await raw(`oci:${layout}:all`)).toBe(original);
    await succeed(root, "copy", "--all", `oci:${layout}:all`, at("multi/copy:1"));
    expect(await raw(at("multi/copy:1"))).toBe(original);
    await succeed(root, "copy", "--platform", "linux/arm64", at("multi:1"), `oci:${layout}:arm`);
    const arm = JSON.parse(original).manifests[1].digest;
    expect(digestOf(await raw(`oci:${layout}:arm`))).toBe(arm);
    expect(digestOf(await raw(`oci:${layout}:all`))).toBe(digestOf(original));
    const { code, stderr } = await runBerth(root, [
      "copy",
      "--platform",
      "linux/s390x",
      at("multi:1"),
      "oci:x",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("no matching manifest for linux/s390x");
  });

  test("what skopeo wrote comes into the store, and out of it again with the same bytes", async () => {
    const root = newRoot();
    const archive = newPath();
    await skopeo("copy", "--src-tls-verify=false", at("app:1"), `oci-archive:${archive}:x`);
    await succeed(root, "copy", `oci-archive:${archive}`, "localhost/app:1");
    expect(await succeed(root, "run", "--rm", "--network", "none", "localhost/app:1", "echo", "hello")).toBe(
      "hello\n",
    );
    // No registry ever had it, so that nothing knows it by a digest.
    await succeed(root, "copy", "localhost/app:1", "localhost/app:2");
    const digests = ["inspect", "-f", "{{.RepoDigests}}"];
    expect(await succeed(root, ...digests, "localhost/app:2")).toBe("[]\n");
    await succeed(root, "copy", at("app:1"), `${registry.host}/app:1`);
    const known = digestOf(await raw(at("app:1")));
    expect(await succeed(root, ...digests, `${registry.host}/app:1`)).toBe(
      `[${registry.host}/app@${known}]\n`,
    );
    const layout = newPath();
    await succeed(root, "copy", "berth:localhost/app:1", `oci:${layout}:out`);
    expect(await raw(`oci:${layout}:out`)).toBe(await raw(`oci-archive:${archive}`));
  });

  test("inspect and run take a place for a name", async () => {
    const root = newRoot();
    const layout = newPath();
    await skopeo("copy", "--src-tls-verify=false", at("app:1"), `oci:${layout}:x`);
    const manifest = await raw(at("app:1"));
    for (const place of [at("app:1"), `oci:${layout}`]) {
      const [described] = JSON.parse(await succeed(root, "inspect", place));
      expect(described).toMatchObject({
        Id: JSON.parse(manifest).config.digest,
        Os: "linux",
        Descriptor: { digest: digestOf(manifest) },
      });
      expect(described.GraphDriver).toBeUndefined();
    }
    expect(existsSync(join(root, "data"))).toBe(false);
    expect(await succeed(root, "run", "--rm", "--network", "none", `oci:${layout}:x`, "echo", "hello")).toBe(
      "hello\n",
    );
  });

  test("manifest inspect reads manifests and indexes where they are", async () => {
    const root = newRoot();
    for (const name of ["app:1", "multi:1"]) {
      const original = await raw(at(name));
      expect(await succeed(root, "manifest", "inspect", "--raw", `${registry.host}/${name}`)).toBe(original);
      const shown = await succeed(root, "manifest", "inspect", `${registry.host}/${name}`);
      expect(JSON.parse(shown)).toEqual(JSON.parse(original));
      expect(shown).toStartWith('{\n\t"');
    }
    const verbose = async (...args: string[]) =>
      JSON.parse(await succeed(root, "manifest", "inspect", "-v", ...args));
    const app = await raw(at("app:1"));
    const one = await verbose(`${registry.host}/app:1`);
    expect(one).toEqual({
      Ref: `${registry.host}/app:1`,
      Descriptor: {
        mediaType: JSON.parse(app).mediaType,
        digest: digestOf(app),
        size: app.length,
        platform: { os: "linux", architecture: process.arch === "x64" ? "amd64" : process.arch },
      },
      Raw: btoa(app),
      OCIManifest: JSON.parse(app),
    });
    const { manifests } = JSON.parse(await raw(at("multi:1")));
    const several = await verbose(`${registry.host}/multi:1`);
    expect(several.map(({ Descriptor }: typeof one) => Descriptor)).toEqual(manifests);
    for (const { Ref, Descriptor, Raw } of several) {
      expect(Ref).toBe(`${registry.host}/multi:1@${Descriptor.digest}`);
      expect(digestOf(atob(Raw))).toBe(Descriptor.digest);
    }
    expect(existsSync(join(root, "data"))).toBe(false);
    const { code, stderr } = await runBerth(root, ["manifest", "inspect", `${registry.host}/app:none`]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("manifest unknown") });
  });

  test("an artifact is copied and described, and not brought into the store", async () => {
    const root = newRoot();
    const layout = join(root, "artifact");
    const content = "{}";
    const blob = (text: string, mediaType: string) => {
      const digest = digestOf(text);
      mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
      writeFileSync(join(layout, "blobs/sha256", digest.replace("sha256:", "")), text);
      return { mediaType, digest, size: text.length };
    };
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const empty = blob(content, "application/vnd.oci.empty.v1+json");
    const artifactType = "application/vnd.example+json";
    const manifest = { schemaVersion: 2, mediaType, artifactType, config: empty, layers: [empty] };
    const entry = blob(JSON.stringify(manifest), mediaType);
    writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
    const there = `${registry.host}/artifact:1`;
    await succeed(root, "copy", `oci:${layout}`, `docker://${there}`);
    expect(JSON.parse(await raw(`docker://${there}`))).toEqual(manifest);
    const described = JSON.parse(await succeed(root, "manifest", "inspect", "-v", there));
    expect(described).toMatchObject({ Ref: there, Descriptor: entry, OCIManifest: manifest });
    const { code, stderr } = await runBerth(root, ["copy", `docker://${there}`, "here"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`an artifact of type ${artifactType}`),
    });
  });

  test("manifest inspect -v refuses an index of more manifests than anybody has", async () => {
    const root = newRoot();
    const layout = join(root, "layout");
    const member = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: digestOf("m"),
      size: 1,
    };
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const index = JSON.stringify({ schemaVersion: 2, mediaType, manifests: Array(1001).fill(member) });
    const annotations = { "org.opencontainers.image.ref.name": "x" };
    const entry = { mediaType, digest: digestOf(index), size: index.length, annotations };
    mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
    writeFileSync(join(layout, "blobs/sha256", digestOf(index).replace("sha256:", "")), index);
    writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
    const { code, stderr } = await runBerth(root, ["manifest", "inspect", "-v", `oci:${layout}:x`]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("names 1001 manifests") });
  });

  test("a manifest list is put together here and pushed, with members of other repositories", async () => {
    const root = newRoot();
    const [amd, arm] = JSON.parse(await raw(at("multi:1"))).manifests;
    const [first, second] = [`${registry.host}/listed:amd`, `${registry.host}/elsewhere:arm`];
    await succeed(root, "copy", "--platform", "linux/amd64", at("multi:1"), `docker://${first}`);
    await succeed(root, "copy", "--platform", "linux/arm64", at("multi:1"), `docker://${second}`);
    const list = `${registry.host}/listed:all`;
    const created = `Created manifest list ${list}\n`;
    expect(await succeed(root, "manifest", "create", list, first)).toBe(created);
    const again = await runBerth(root, ["manifest", "create", list, second]);
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("refusing to amend an existing"),
    });
    expect(await succeed(root, "manifest", "create", "--amend", list, second)).toBe(created);
    const annotation = ["--arch", "arm64", "--variant", "v8", "--os-version", "1.2", "--os-features", "a,b"];
    expect(await succeed(root, "manifest", "annotate", ...annotation, list, second)).toBe("");
    const wrong = await runBerth(root, ["manifest", "annotate", "--arch", "pdp11", list, second]);
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("unsupported os/arch combination: linux/pdp11"),
    });
    const local = await succeed(root, "manifest", "inspect", "--raw", list);
    const members = JSON.parse(await succeed(root, "manifest", "inspect", "-v", list));
    expect(members.map(({ Ref }: { Ref: string }) => Ref)).toEqual([second, first]);
    const pushed = await succeed(root, "manifest", "push", "--purge", list);
    expect(pushed).toBe(
      `Pushed ref ${registry.host}/listed@${arm.digest} with digest: ${arm.digest}\n${digestOf(local)}\n`,
    );
    const read = await raw(at("listed:all"));
    expect(read).toBe(local);
    const platform = { os: "linux", architecture: "arm64", variant: "v8", "os.version": "1.2" };
    expect(JSON.parse(read).manifests).toEqual([
      { ...arm, platform: { ...platform, "os.features": ["a", "b"] } },
      { ...amd, platform: { os: "linux", architecture: "amd64" } },
    ]);
    await skopeo("copy", "--all", "--src-tls-verify=false", at("listed:all"), `oci:${newPath()}:all`);
    for (const command of ["push", "rm"]) {
      const { code, stderr } = await runBerth(root, ["manifest", command, list]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(`No such manifest: ${list}`),
      });
    }
  });

  test("a manifest list takes no lists, and is not pushed to another registry than its members'", async () => {
    const root = newRoot();
    const nested = await runBerth(root, ["manifest", "create", "localhost/l", `${registry.host}/multi:1`]);
    expect(nested).toMatchObject({ code: 1, stderr: expect.stringContaining("multi:1 is a manifest list") });
    await succeed(root, "manifest", "create", "localhost/l", `${registry.host}/app:1`);
    const { code, stderr } = await runBerth(root, ["manifest", "push", "localhost/l"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(
        `different registry than the target image: ${registry.host} != localhost`,
      ),
    });
    expect(await succeed(root, "manifest", "rm", "localhost/l")).toBe("");
  });

  test("search looks through the catalog of a registry that has no search", async () => {
    const [root, term] = [newRoot(), `${registry.host}/mult`];
    const [head, first] = (await succeed(root, "search", term)).split("\n");
    expect(head).toMatch(/^NAME +DESCRIPTION +STARS +OFFICIAL$/);
    expect(first).toMatch(/^multi +0 *$/);
    const found = JSON.parse(await succeed(root, "search", "--limit", "1", "--format", "json", term));
    expect(found).toEqual({ Description: "", IsOfficial: "false", Name: "multi", StarCount: "0" });
    const { code, stderr } = await runBerth(root, ["search", "--limit", "101", term]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("range of [1, 100]") });
  });

  test("B1: a place with wrong bytes gives nothing", async () => {
    const root = newRoot();
    const [layout, target, archive] = [newPath(), newPath(), newPath()];
    await skopeo("copy", "--src-tls-verify=false", at("app:1"), `oci:${layout}:x`);
    const layer = JSON.parse(await raw(at("app:1"))).layers[0].digest.slice("sha256:".length);
    const path = join(layout, "blobs/sha256", layer);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    for (const to of [`oci:${target}:x`, `oci-archive:${archive}`, "localhost/x:1", at("wrong:1")]) {
      const { code, stderr } = await runBerth(root, ["copy", `oci:${layout}`, to]);
      expect({ to, code }).toEqual({ to, code: 1 });
      expect(stderr).toContain("digest");
    }
    expect(JSON.parse(readFileSync(join(target, "index.json"), "utf8")).manifests).toEqual([]);
    expect(readdirSync(join(target, "blobs/sha256"))).not.toContain(layer);
    expect(existsSync(archive)).toBe(false);
    expect(await succeed(root, "images", "-aq")).toBe("");
  });

  test.each([
    ["containers-storage:x", "oci:y", "containers-storage: is not supported"],
    ["docker:x", "oci:y", "begins with docker://"],
    ["docker://r.example/x", "./y", "./y is a path, not the name of an image\nhint: a directory is oci:./y"],
    ["oci:/nonexistent/layout", "oci:y", "not an OCI image layout"],
    ["oci-archive:/nonexistent.tar", "oci:y", "/nonexistent.tar"],
    ["nothing-here", "oci:y", "No such image: nothing-here:latest"],
  ])("%s to %s is refused", async (from, to, message) => {
    const { code, stderr } = await runBerth(newRoot(), ["copy", from, to], { cwd: directory.path });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
  });
});
