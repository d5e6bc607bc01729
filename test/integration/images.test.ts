/** Pull, load, list and remove with the executable, against real registries and archives that other tools wrote. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hexOf } from "../../src/oci/digest.ts";
import { berth as runBerth, berthExecutable } from "../support/berth-executable.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import { ociLayoutMembers, tarOf } from "../support/image-archives.ts";
import { type MemoryImage, memoryImage } from "../support/memory-image.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { storeRoots } from "../support/store-roots.ts";

const missing = [dockerRegistryPath, Bun.which("skopeo")].includes(null);
const directory = temporaryDirectory();
const layerSize = 3_000_000;
const layerCount = 6;
let registry: DockerRegistry;
let image: MemoryImage;
let name: string;
let archive: string;

const { roots, newRoot } = storeRoots(directory);

const berth = (root: string, ...args: string[]) => runBerth(root, args);

async function succeed(root: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await berth(root, ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("berth: ") });
  return stdout;
}

async function run(...argv: string[]): Promise<void> {
  const child = Bun.spawn(argv, { stdout: "ignore", stderr: "pipe", cwd: directory.path });
  const [stderr, code] = await Promise.all([child.stderr.text(), child.exited]);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
}

beforeAll(async () => {
  if (missing) return;
  const layers = await Promise.all(
    Array.from({ length: layerCount }, (_, index) =>
      tarOf([{ name: `file${index}`, content: randomBytes(layerSize) }]),
    ),
  );
  image = memoryImage({
    layers,
    config: {
      created: "2026-01-02T03:04:05Z",
      config: { Env: ["PATH=/bin"], Labels: { purpose: "test" } },
      history: layers.map((_, index) => ({
        created: "2026-01-02T03:04:05Z",
        created_by: `ADD file${index}`,
      })),
    },
  });
  archive = join(directory.path, "image.tar");
  const members = ociLayoutMembers([image], [{ "org.opencontainers.image.ref.name": "1" }]);
  writeFileSync(archive, await tarOf(members));
  const layout = join(directory.path, "source");
  mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
  for (const member of members) writeFileSync(join(layout, member.name), member.content!);
  registry = await startDockerRegistry({ directory: directory.path });
  name = `${registry.host}/team/app:1`;
  await run(
    "skopeo",
    "copy",
    "--insecure-policy",
    "--dest-tls-verify=false",
    `oci:${layout}:1`,
    `docker://${name}`,
  );
});

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  for (const root of roots) {
    const { stdout } = await berth(root, "images", "-q", "--no-trunc");
    for (const id of new Set(stdout.split("\n").filter(Boolean))) await berth(root, "rmi", "-f", id);
  }
  directory[Symbol.dispose]();
});

describe.skipIf(missing)("with docker-registry and skopeo", () => {
  test("a pulled image is listed, explained, renamed and removed without a trace", async () => {
    const root = newRoot();
    const pulled = await succeed(root, "pull", name);
    expect(pulled).toContain(`1: Pulling from team/app\n`);
    expect(pulled.split("\n").filter((line) => line.endsWith("Pull complete"))).toHaveLength(layerCount);
    expect(pulled).toContain(
      `Digest: ${image.root.digest}\nStatus: Downloaded newer image for ${name}\n${name}\n`,
    );
    expect(await succeed(root, "pull", name)).toContain(`Status: Image is up to date for ${name}\n`);

    const short = hexOf(image.id).slice(0, 12);
    const [header, row] = (await succeed(root, "images", "--digests")).split("\n");
    expect(header).toMatch(/^REPOSITORY\s+TAG\s+DIGEST\s+IMAGE ID\s+CREATED\s+SIZE$/);
    expect(row).toContain(image.root.digest);
    expect(row).toContain(short);
    const history = (await succeed(root, "history", name)).trimEnd().split("\n");
    expect(history).toHaveLength(layerCount + 1);
    expect(history[1]).toStartWith(short);
    expect(history[2]).toStartWith("<missing>");
    const [shown] = JSON.parse(
      await succeed(root, "inspect", `${registry.host}/team/app@${image.root.digest}`),
    );
    expect(shown).toMatchObject({ Id: image.id, RepoTags: [name], Size: layerCount * layerSize });

    await succeed(root, "tag", short, "other:2");
    expect(await succeed(root, "rmi", name)).toContain(`Untagged: ${name}\n`);
    expect(await succeed(root, "rmi", "other:2")).toBe(`Untagged: other:2\nDeleted: ${image.id}\n`);
    for (const place of ["blobs/sha256", "layers", "tmp"])
      expect(readdirSync(join(root, "data", place))).toEqual([]);
  });

  test("six pulls of one image at once all succeed with one store", async () => {
    const root = newRoot();
    const pulls = await Promise.all(Array.from({ length: 6 }, () => berth(root, "pull", name)));
    expect(pulls.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      pulls.map(() => ({ code: 0, stderr: "" })),
    );
    expect(readdirSync(join(root, "data/layers"))).toHaveLength(layerCount);
    expect(readdirSync(join(root, "data/tmp"))).toEqual([]);
  });

  test("a pull killed after any step is completed by the next one", async () => {
    const root = newRoot();
    for (const lines of [1, 3, 7, 9, 13, 16, 19]) {
      const child = Bun.spawn([berthExecutable, "pull", name], {
        env: { PATH: process.env.PATH, HOME: root, BERTH_ROOT: join(root, "data") },
        stdout: "pipe",
        stderr: "ignore",
      });
      let seen = 0;
      for await (const chunk of child.stdout) {
        seen += chunk.filter((byte) => byte === 10).length;
        if (seen >= lines) break;
      }
      child.kill("SIGKILL");
      await child.exited;
      expect((await berth(root, "images")).code).toBe(0);
    }
    await succeed(root, "pull", name);
    const [shown] = JSON.parse(await succeed(root, "inspect", name));
    expect(shown).toMatchObject({ Id: image.id, Size: layerCount * layerSize });
    expect(readdirSync(join(root, "data/layers"))).toHaveLength(layerCount);
  });

  test("a load killed after any step is completed by the next one, and leaves nothing in tmp", async () => {
    const root = newRoot();
    const bytes = await Bun.file(archive).bytes();
    for (const part of [1000, 4_000_000, 9_000_000, bytes.length]) {
      const child = Bun.spawn([berthExecutable, "load"], {
        env: { PATH: process.env.PATH, HOME: root, BERTH_ROOT: join(root, "data") },
        stdin: "pipe",
        stdout: "ignore",
        stderr: "ignore",
      });
      child.stdin.write(bytes.subarray(0, part));
      await child.stdin.flush();
      child.kill("SIGKILL");
      await child.exited;
    }
    expect(await succeed(root, "load", "-i", archive)).toBe(`Loaded image ID: ${image.id}\n`);
    expect(readdirSync(join(root, "data/tmp"))).toEqual([]);
  });

  test("archives and layouts that skopeo wrote give the same image", async () => {
    const from = `docker://${name}`;
    const places = {
      docker: "docker-archive:docker.tar:example:1",
      oci: "oci-archive:oci.tar:example:1",
      layout: "oci:layout:1",
    };
    for (const place of Object.values(places)) {
      await run("skopeo", "copy", "--insecure-policy", "--src-tls-verify=false", from, place);
    }
    const packed = Bun.gzipSync(await Bun.file(join(directory.path, "docker.tar")).bytes());
    writeFileSync(join(directory.path, "docker.tar.gz"), packed);
    const expected = {
      "docker.tar": "Loaded image: example:1\n",
      "docker.tar.gz": "Loaded image: example:1\n",
      "oci.tar": "Loaded image: example:1\n",
      layout: `Loaded image ID: ${image.id}\n`,
    };
    for (const [file, output] of Object.entries(expected)) {
      const root = newRoot();
      expect(await succeed(root, "load", "-i", join(directory.path, file))).toBe(output);
      const [shown] = JSON.parse(await succeed(root, "inspect", image.id));
      expect(shown).toMatchObject({ Id: image.id, Size: layerCount * layerSize });
      expect(readdirSync(join(root, "data/tmp"))).toEqual([]);
    }
  });

  test("what is not there or not an archive is said plainly", async () => {
    const root = newRoot();
    expect(await berth(root, "pull", `${registry.host}/team/app:none`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`manifest for ${registry.host}/team/app:none not found`),
    });
    expect(await runBerth(root, ["load"], { stdin: "" })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("requested load from stdin, but stdin is empty"),
    });
    expect(await berth(root, "load", "-i", "/nowhere.tar")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("open /nowhere.tar: no such file or directory"),
    });
    expect(await berth(root, "pull", "--platform", "linux/s390x", name)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("wanted linux/s390x, actual: linux/amd64"),
    });
    expect(await succeed(root, "images", "-q")).toBe("");
  });

  const namespaces = Bun.spawnSync(["unshare", "-Urm", "true"]).exitCode === 0;

  let privateMounts = 0;

  /** Runs a script as root of a user namespace with mounts of its own; `$B` is berth, `$D` an empty directory. */
  async function privately(script: string): Promise<{ output: string; code: number }> {
    const mountPoint = join(directory.path, `mount${privateMounts++}`); // empty when the mounts are gone
    mkdirSync(mountPoint);
    const child = Bun.spawn(["unshare", "-Urm", "sh", "-euc", script], {
      env: {
        PATH: process.env.PATH,
        HOME: mountPoint,
        BERTH_ROOT: `${mountPoint}/data`,
        B: berthExecutable,
        D: mountPoint,
        I: name,
      },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { output: stdout + stderr, code };
  }

  test.skipIf(!namespaces)(
    "a full disk: a clear error, lists work, and the next pull completes with more space",
    async () => {
      // The layers fit as they come, but not unpacked: 18 MB each way, and the helper programs.
      const { output, code } = await privately(`
      mount -t tmpfs -o size=200m tmpfs "$D"
      head -c 166m /dev/zero > "$D/most"
      if "$B" pull -q "$I"; then echo "pulled although there is no space"; exit 1; fi
      "$B" images
      head -c 100m /dev/zero > "$D/filler" 2>/dev/null || true
      "$B" images --format 'full: {{.Repository}}'
      if "$B" pull -q "$I"; then echo "pulled onto a full disk"; exit 1; fi
      rm "$D/filler" "$D/most"
      "$B" pull -q "$I"
      head -c 300m /dev/zero > "$D/filler" 2>/dev/null || true
      "$B" images --format 'listed: {{.Tag}}'
      "$B" history -q "$I" | head -1
      "$B" inspect --format 'inspected: {{.Size}}' "$I"
      rm "$D/filler"
      "$B" rmi "$I"`);
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringContaining("no space left on the disk of"),
      });
      expect(output).toContain("listed: 1\n");
      expect(output).toContain(`inspected: ${layerCount * layerSize}\n`);
      expect(output).toContain(`Deleted: ${image.id}\n`);
      expect(output).not.toContain("full:");
    },
  );

  test.skipIf(!namespaces)("a store that cannot be written is read, and changes say so", async () => {
    const { output, code } = await privately(`
      mount -t tmpfs tmpfs "$D"
      "$B" pull -q "$I"
      mount -o remount,bind,ro "$D"
      "$B" images --format 'listed: {{.Tag}}'
      "$B" inspect --format 'inspected: {{.Size}}' "$I"
      for change in "tag $I other" "rmi $I" "pull $I"; do
        if "$B" $change; then echo "$change succeeded"; exit 1; fi
      done`);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("listed: 1\n") });
    expect(output).toContain(`inspected: ${layerCount * layerSize}\n`);
    expect(output.match(/it is read-only|cannot be written/g)).toHaveLength(3);
  });
});

test("looking at a store that does not exist makes none", async () => {
  const root = newRoot();
  expect(await succeed(root, "images")).toBe("REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n");
  expect(existsSync(join(root, "data"))).toBe(false);
});
