/** Whole repositories, with the executable, against Debian's docker-registry. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { berth as runBerth } from "../support/berth-executable.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import { tarOf } from "../support/image-archives.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { writeOciLayout } from "../support/write-oci-layout.ts";

const missing = [dockerRegistryPath, Bun.which("skopeo")].includes(null);
const directory = temporaryDirectory();
let registry: DockerRegistry;
let root: string;

const berth = (...args: string[]) => runBerth(root, args);

async function skopeo(...args: string[]): Promise<void> {
  const child = Bun.spawn(["skopeo", "--insecure-policy", ...args], { stdout: "ignore", stderr: "pipe" });
  const [stderr, code] = await Promise.all([child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`skopeo ${args[0]} fails: ${stderr}`);
}

describe.skipIf(missing)("a repository", () => {
  beforeAll(async () => {
    root = join(directory.path, "root");
    const storage = join(directory.path, "registry");
    for (const path of [root, storage]) mkdirSync(path);
    registry = await startDockerRegistry({ directory: storage });
    for (const tag of ["one", "two"]) {
      const layout = join(directory.path, tag);
      const layer = Bun.gzipSync(await tarOf([{ name: tag, content: tag }]));
      writeOciLayout(layout, { layers: [layer], config: { author: tag } });
      await skopeo(
        "copy",
        "--dest-tls-verify=false",
        `oci:${layout}:latest`,
        `docker://${registry.host}/app:${tag}`,
      );
    }
  });

  afterAll(async () => {
    await berth("system", "prune", "-af");
    await registry?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test("lists its tags", async () => {
    expect(await berth("tags", `${registry.host}/app`)).toEqual({
      code: 0,
      stdout: "one\ntwo\n",
      stderr: "",
    });
    expect(await berth("tags", `${registry.host}/app:one`)).toMatchObject({ code: 1 });
    const unknown = await berth("tags", `${registry.host}/none`);
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    expect(unknown.stderr).toContain(`repository ${registry.host}/none not found`);
  });

  test("is pulled with all tags, in Docker's lines", async () => {
    const { code, stdout, stderr } = await berth("pull", "-a", `${registry.host}/app`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.filter((line) => line.includes("Pulling from"))).toEqual([
      "one: Pulling from app",
      "two: Pulling from app",
    ]);
    expect(lines.filter((line) => line.startsWith("Digest: sha256:"))).toHaveLength(2);
    expect(lines.slice(-2)).toEqual([
      `Status: Downloaded newer image for ${registry.host}/app`,
      `${registry.host}/app`,
    ]);
    const listed = await berth("images", "--format", "{{.Repository}}:{{.Tag}}");
    expect(listed.stdout.trim().split("\n").sort()).toEqual([
      `${registry.host}/app:one`,
      `${registry.host}/app:two`,
    ]);
    const again = await berth("pull", "-a", `${registry.host}/app`);
    expect(again.stdout).toContain(`Status: Image is up to date for ${registry.host}/app\n`);
  });

  test("has no tag when all tags are asked for", async () => {
    const { code, stderr } = await berth("pull", "-a", `${registry.host}/app:one`);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("tag can't be used with --all-tags/-a"),
    });
  });
});
