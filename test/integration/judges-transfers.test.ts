/** What berth copies, lists, imports, exports and saves, before podman, skopeo and umoci, and the reverse. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { berth as runBerth } from "../support/berth-executable.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import { judge, Podman } from "../support/real-image.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

setDefaultTimeout(120_000);

const missing = [
  dockerRegistryPath,
  ...["skopeo", "umoci", "podman"].map((name) => Bun.which(name)),
].includes(null);
const builtin = join(import.meta.dir, "../../dist/assets/builtin-image.tar");
const directory = temporaryDirectory();
const path = (name: string) => join(directory.path, name);
const root = path("root");
let registry: DockerRegistry;
let podman: Podman;
const at = (name: string) => `${registry.host}/${name}`;
const insecure = "--tls-verify=false";

async function berth(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runBerth(root, args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: expect.not.stringContaining("berth: ") });
  return stdout;
}

const skopeo = (command: string, ...args: string[]) =>
  judge(["skopeo", "--insecure-policy", command, ...args]);
const manifestAt = (name: string) => skopeo("inspect", "--raw", insecure, `docker://${at(name)}`);
const configAt = (name: string) => skopeo("inspect", "--raw", "--config", insecure, `docker://${at(name)}`);
const digestOf = (text: string) => `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;
const lines = (text: string) => text.trim().split("\n").toSorted();

/** Names, kinds, modes, owners and sizes of what is in a tar; the engines make their own mount points. */
async function listing(file: string): Promise<string[]> {
  const listed = await judge(["tar", "--numeric-owner", "-tvf", file]);
  return lines(listed)
    .map((line) =>
      line
        .replace(/\d{4}-\d\d-\d\d \d\d:\d\d /, "")
        .replace(/ +/g, " ")
        .replace(/ \.\//, " ")
        .replace(/\/$/, ""),
    )
    .filter((line) => !/ (dev|proc|sys|run|etc)(\/|$)| (\.dockerenv)?$/.test(line))
    .toSorted();
}

describe.skipIf(missing)("judges", () => {
  beforeAll(async () => {
    mkdirSync(root);
    mkdirSync(path("registry"));
    registry = await startDockerRegistry({ directory: path("registry") });
    podman = new Podman(registry.host);
    const layout = path("layout");
    await skopeo("copy", "-q", `oci-archive:${builtin}`, `oci:${layout}:first`);
    await judge([
      "umoci",
      "config",
      "--image",
      `${layout}:first`,
      "--tag",
      "second",
      "--config.label",
      "a=b",
    ]);
    for (const tag of ["first", "second"])
      await skopeo(
        "copy",
        "-q",
        "--dest-tls-verify=false",
        `oci:${layout}:${tag}`,
        `docker://${at(`app:${tag}`)}`,
      );
  });
  afterAll(async () => {
    await runBerth(root, ["rm", "-af"]);
    await runBerth(root, ["system", "prune", "-af"]);
    await podman?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test("podman pulls what was copied from registry to registry, and umoci unpacks what was copied to a layout", async () => {
    await berth("copy", `docker://${at("app:first")}`, `docker://${at("copied:1")}`);
    expect(await manifestAt("copied:1")).toBe(await manifestAt("app:first"));
    const id = (await podman.run("pull", "-q", insecure, at("copied:1"))).trim();
    expect(`sha256:${id}`).toBe(digestOf(await configAt("app:first")));
    await berth("copy", `docker://${at("app:first")}`, `oci:${path("copied")}:1`);
    await judge(["umoci", "unpack", "--rootless", "--image", `${path("copied")}:1`, path("bundle")]);
    const unpacked = await judge([
      "sh",
      "-c",
      'cd "$1" && find . ! -type d | sort',
      "sh",
      path("bundle/rootfs"),
    ]);
    const run = ["run", "--rm", "--pull", "always", "--network", "none", at("copied:1")];
    const seen = lines(await berth(...run, "find", "/", "-xdev", "!", "-type", "d"));
    expect(seen).toEqual(expect.arrayContaining(lines(unpacked).map((name) => name.slice(1))));
  });

  test("berth pulls and copies what podman pushed", async () => {
    await podman.run("pull", "-q", insecure, at("app:second"));
    await podman.run("push", "-q", insecure, at("app:second"), at("podman:1"));
    const pushed = await manifestAt("podman:1");
    await berth("pull", "-q", at("podman:1"));
    expect(await berth("inspect", "-f", "{{.Descriptor.digest}}", at("podman:1"))).toBe(
      `${digestOf(pushed)}\n`,
    );
    await berth("copy", `docker://${at("podman:1")}`, `docker://${at("podman:2")}`);
    expect(await manifestAt("podman:2")).toBe(pushed);
  });

  test("podman and skopeo read a manifest list that was put together here, and the reverse", async () => {
    await berth("copy", `docker://${at("app:first")}`, `docker://${at("listed:amd64")}`);
    await berth("copy", `docker://${at("app:second")}`, `docker://${at("listed:arm64")}`);
    const list = at("listed:all");
    await berth("manifest", "create", list, at("listed:amd64"), at("listed:arm64"));
    await berth("manifest", "annotate", "--arch", "amd64", list, at("listed:amd64"));
    await berth("manifest", "annotate", "--arch", "arm64", "--variant", "v8", list, at("listed:arm64"));
    const digest = (await berth("manifest", "push", "--purge", list)).trim().split("\n").at(-1);
    expect(digestOf(await manifestAt("listed:all"))).toBe(digest!);
    for (const [arch, tag] of [
      ["amd64", "app:first"],
      ["arm64", "app:second"],
    ] as const) {
      const id = (await podman.run("pull", "-q", insecure, "--arch", arch, list)).trim();
      expect(`sha256:${id}`).toBe(digestOf(await configAt(tag)));
    }
    await podman.run("manifest", "create", "made");
    for (const [arch, tag] of [
      ["amd64", "app:second"],
      ["s390x", "app:first"],
    ] as const)
      await podman.run("manifest", "add", insecure, "--arch", arch, "made", `docker://${at(tag)}`);
    await podman.run("manifest", "push", "--all", insecure, "made", `docker://${at("made:1")}`);
    await berth("pull", "-q", "--platform", "linux/amd64", at("made:1"));
    expect(await berth("inspect", "-f", "{{.Id}}", at("made:1"))).toBe(
      `${digestOf(await configAt("app:second"))}\n`,
    );
    expect(await berth("manifest", "inspect", "--raw", at("made:1"))).toBe(await manifestAt("made:1"));
  });

  test("all tags of a repository are the images that podman pulls", async () => {
    await podman.run("pull", "-q", "-a", insecure, at("app"));
    await berth("pull", "-q", "-a", at("app"));
    const theirs = await podman.run(
      "images",
      "--no-trunc",
      "--format",
      "{{.Repository}}:{{.Tag}} {{.ID}}",
      at("app"),
    );
    const ours = await berth(
      "images",
      "--no-trunc",
      "--format",
      "{{.Repository}}:{{.Tag}} {{.ID}}",
      at("app"),
    );
    // podman also lists the other names of the images that it finds.
    expect(lines(ours)).toEqual(lines(theirs).filter((line) => line.startsWith(at("app:"))));
    expect(lines(ours)).toHaveLength(2);
  });

  test("skopeo and umoci read each of several images of an OCI archive", async () => {
    await berth("pull", "-q", "-a", at("app"));
    const names = [at("app:first"), at("app:second")];
    await berth("save", "--format", "oci-archive", "-o", path("both.tar"), ...names);
    mkdirSync(path("both"));
    await judge(["tar", "-xf", path("both.tar"), "-C", path("both")]);
    expect(lines(await judge(["umoci", "ls", "--layout", path("both")]))).toEqual(["first", "second"]);
    for (const tag of ["first", "second"]) {
      await skopeo("copy", "-q", `oci-archive:${path("both.tar")}:${tag}`, `dir:${path(`both-${tag}`)}`);
      expect(readFileSync(path(`both-${tag}/manifest.json`), "utf8")).toBe(await manifestAt(`app:${tag}`));
      await judge([
        "umoci",
        "unpack",
        "--rootless",
        "--image",
        `${path("both")}:${tag}`,
        path(`unpacked-${tag}`),
      ]);
    }
  });

  test("an export has what podman's has, and each imports the other's", async () => {
    await berth("pull", "-q", at("app:first"));
    await podman.run("pull", "-q", insecure, at("app:first"));
    await berth("create", "--name", "exported", at("app:first"));
    await podman.run("create", "--name", "exported", at("app:first"));
    await berth("export", "-o", path("ours.tar"), "exported");
    await podman.run("export", "-o", path("theirs.tar"), "exported");
    const files = await listing(path("ours.tar"));
    expect(files.length).toBeGreaterThan(3);
    expect(files).toEqual(await listing(path("theirs.tar")));

    await berth("import", path("theirs.tar"), "imported:1");
    const run = ["run", "--rm", "--network", "none", "imported:1", "/bin/busybox", "echo", "hello"];
    expect(await berth(...run)).toBe("hello\n");
    await podman.run("import", "-q", path("ours.tar"), "imported:1");
    await podman.run("create", "--name", "again", "imported:1", "sh");
    await podman.run("export", "-o", path("again.tar"), "again");
    expect(await listing(path("again.tar"))).toEqual(files);
  });
});
