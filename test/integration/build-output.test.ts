/** `berth build --output` with the executable: directories, tars and archives instead of images. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";

const files = {
  Dockerfile: `FROM ${builtinImage} AS one
RUN mkdir -p /o/d && echo 1 > /o/d/f && chmod 750 /o/d && ln /o/d/f /o/hard && ln -s d/f /o/soft && chown -R 5:6 /o
FROM scratch
COPY --from=one /o /
LABEL a=b
`,
};

describe.each(["overlay", "fuse-overlayfs"])("with the %s driver", (driver) => {
  let lab: BuildLab;
  beforeAll(async () => {
    lab = await buildLab(driver);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  const images = async () => (await lab.lab.berth(["images", "-aq"])).stdout;

  test("a directory gets the files, as the caller's own, keeps what it has, and no image is made", async () => {
    const context = lab.context(files);
    const before = await images();
    const out = join(context, "made/out");
    expect(await lab.build(context, "-q", "-o", out)).toMatchObject({ code: 0, stdout: "" });
    expect(readdirSync(out).toSorted()).toEqual(["d", "hard", "soft"]);
    expect(readFileSync(join(out, "soft"), "utf8")).toBe("1\n");
    const { ino, uid } = statSync(join(out, "hard"));
    expect(statSync(join(out, "d/f"))).toMatchObject({ ino, uid });
    expect(uid).toBe(statSync(context).uid);
    expect(statSync(join(out, "d")).mode & 0o7777).toBe(0o750);
    writeFileSync(join(out, "mine"), "");
    writeFileSync(join(out, "hard"), "changed");
    const again = await lab.build(
      context,
      "--output",
      `type=local,dest=${out}`,
      "--metadata-file",
      join(context, "m"),
    );
    expect(again.code).toBe(0);
    expect(readFileSync(join(out, "hard"), "utf8")).toBe("1\n");
    expect(existsSync(join(out, "mine"))).toBe(true);
    expect(readFileSync(join(context, "m"), "utf8")).toBe("{}\n");
    expect(await images()).toBe(before);
  });

  test("a file can be copied to the root where there is nothing yet", async () => {
    const context = lab.context({
      Dockerfile: "FROM scratch\nCOPY a /\nADD b c /\n",
      a: "A",
      b: "B",
      c: "C",
    });
    const built = await lab.build(context, "-o", join(context, "out"));
    expect(built).toMatchObject({ code: 0 });
    expect(readdirSync(join(context, "out")).toSorted()).toEqual(["a", "b", "c"]);
    const one = lab.context({ Dockerfile: "FROM scratch\nCOPY <<x /\nX\nx\n" });
    expect((await lab.build(one, "-o", join(one, "out"))).code).toBe(0);
    expect(readFileSync(join(one, "out/x"), "utf8")).toBe("X\n");
  });

  test("a link in the directory leads nothing outside", async () => {
    const context = lab.context(files);
    const [out, outside] = [join(context, "out"), join(context, "outside")];
    for (const directory of [out, outside]) mkdirSync(directory);
    symlinkSync(outside, join(out, "d"));
    await lab.build(context, "-o", out);
    expect(readdirSync(outside)).toEqual([]);
  });

  test("a tar goes to stdout or into a file, with the true owners", async () => {
    const context = lab.context(files);
    const tar = join(context, "files.tar");
    expect((await lab.build(context, "-o", `type=tar,dest=${tar}`)).code).toBe(0);
    const { stdout, code } = await lab.build(context, "-o", "-");
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(tar, "utf8"));
    const listed = Bun.spawnSync(["tar", "--numeric-owner", "-tvf", tar]).stdout.toString();
    expect(listed).toMatch(/^drwxr-x--- 5\/6 .* d\/$/m);
    expect(listed).toMatch(/^-rw-r--r-- 5\/6 .* d\/f$/m);
  });

  test("archives can be loaded, and bring names", async () => {
    const context = lab.context(files);
    const before = await images();
    for (const type of ["oci", "docker"]) {
      const archive = join(context, `${type}.tar`);
      const output = `type=${type},dest=${archive}`;
      const iid = join(context, "iid");
      const built = await lab.build(
        context,
        "-t",
        `from-${type}`,
        "-t",
        "x:1",
        "--iidfile",
        iid,
        "-o",
        output,
      );
      expect(built.code).toBe(0);
      expect(await images()).toBe(before);
      expect((await lab.lab.berth(["load", "-i", archive])).code).toBe(0);
      const shown = await lab.lab.berth([
        "inspect",
        "-f",
        "{{.Id}} {{.Config.Labels.a}} {{len .RepoTags}}",
        `from-${type}`,
      ]);
      expect(shown.stdout).toBe(`${readFileSync(iid, "utf8")} b 2\n`);
      await lab.lab.berth(["rmi", "-f", `from-${type}`, "x:1"]);
    }
  });

  test("--load keeps the image beside other outputs, as scripts for buildx have it", async () => {
    const output = lab.context({});
    const ci = ["--load", "--rm", "--force-rm", "--provenance=false", "--sbom=false", "--platform=local"];
    const words = ["buildx", "build", "--network", "none", "-t", "kept:1", "-o", output, ...ci];
    const { code, stderr } = await lab.lab.berth([...words, lab.context(files)]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(readdirSync(output)).not.toEqual([]);
    expect((await lab.lab.berth(["inspect", "kept:1"])).code).toBe(0);
  });

  test.each([
    ["--rm=false", 1, "the containers of RUN are always removed"],
    ["--provenance=mode=max", 125, "berth build makes no attestations, only false is possible"],
    ["--sbom=true", 125, "berth build makes no attestations, only false is possible"],
    ["--platform=linux/amd64,linux/arm64", 1, "multi-platform builds are not supported"],
    ["--tag=Upper", 1, 'invalid tag "Upper": invalid reference format: repository name'],
  ])("%s is refused", async (flag, status, message) => {
    const { code, stderr } = await lab.build(lab.context(files), flag);
    expect({ code, stderr }).toEqual({ code: status, stderr: expect.stringContaining(message) });
  });

  test("type=image and type=docker without a file make an image, by the names they say", async () => {
    const { code, stdout } = await lab.build(lab.context(files), "-q", "-o", "type=docker,name=named:1");
    expect(code).toBe(0);
    expect((await lab.lab.berth(["inspect", "-f", "{{.Id}}", "named:1"])).stdout).toBe(stdout);
    expect((await lab.build(lab.context(files), "-o", "type=image", "-t", "tagged")).code).toBe(0);
    expect((await lab.lab.berth(["inspect", "-f", "{{.Id}}", "tagged"])).stdout).toBe(stdout);
  });

  test.each([
    ["type=local", "dest is required for local exporter"],
    ["type=local,dest=-", "dest cannot be stdout for local exporter"],
    ["dest=x,name=y", "type is required for output"],
    ["type=tar,dest=/", "destination file / is a directory"],
    ["type=registry", 'output type "registry" is not supported'],
    ["type=image,push=true", "output option push is not supported"],
    ["type", undefined],
  ])("%s is refused before anything is built, if it makes no sense", async (output, message) => {
    const context = lab.context({ Dockerfile: "FROM scratch\nCOPY . /\n" });
    const { code, stderr } = await lab.lab.berth(["build", "-o", output, "."], { cwd: context });
    if (message === undefined) {
      expect(code).toBe(0);
      expect(readdirSync(join(context, output))).toEqual(["Dockerfile"]);
    } else {
      expect(code).not.toBe(0);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain("#1");
    }
  });

  test("system df counts the steps in the cache, and system prune removes them", async () => {
    const cache = async () => {
      const { stdout } = await lab.lab.berth([
        "system",
        "df",
        "--format",
        "{{.Type}} {{.TotalCount}} {{.Size}}",
      ]);
      return stdout.split("\n").find((line) => line.startsWith("Build Cache"));
    };
    await lab.lab.berth(["builder", "prune", "-af"]);
    const context = lab.context({ Dockerfile: "FROM scratch\nCOPY big /\n", big: "x".repeat(5000) });
    expect((await lab.build(context, "-o", "type=tar,dest=/dev/null")).code).toBe(0);
    expect(await cache()).toMatch(/^Build Cache 1 11\.\d+kB$/);
    const { stdout } = await lab.lab.berth(["system", "prune", "-af"]);
    expect(stdout).toContain("Deleted build cache objects:\n");
    expect(await cache()).toBe("Build Cache 0 0B");
  });

  test("--iidfile without an image is refused", async () => {
    const { code, stderr } = await lab.build(lab.context(files), "--iidfile", "x", "-o", "-");
    expect({ code: code !== 0, stderr }).toMatchObject({
      code: true,
      stderr: expect.stringContaining("--iidfile needs"),
    });
  });
});
