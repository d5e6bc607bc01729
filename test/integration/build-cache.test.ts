/** Where `berth build` finds steps besides its own cache, and what its keys go by. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";

let lab: BuildLab;
let other: BuildLab;
beforeAll(async () => {
  [lab, other] = await Promise.all([buildLab(), buildLab()]);
});
afterAll(() => Promise.all([lab[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]));

const from = `FROM ${builtinImage}\n`;

async function layersOf({ lab: { berth } }: BuildLab, image: string): Promise<string[]> {
  return JSON.parse((await berth(["inspect", "-f", "{{json .RootFS.Layers}}", image])).stdout);
}

/** The ends of the file steps, by their titles. */
function steps(stderr: string): Record<string, string> {
  const names = new Map(
    Array.from(stderr.matchAll(/^#(\d+) \[.*\d\/\d\] (.*)$/gm), ([, id, name]) => [id, name]),
  );
  const ends = Array.from(stderr.matchAll(/^#(\d+) (DONE|CACHED|ERROR)/gm), ([, id, end]) => [
    names.get(id),
    end,
  ]);
  return Object.fromEntries(ends.filter(([name]) => name !== undefined && !name.startsWith("FROM")));
}

/** The digest that the manifest of `repository:latest` says. */
async function topLayer({ host }: DockerRegistry, repository: string): Promise<string> {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const url = `http://${host}/v2/${repository}/manifests/latest`;
  const manifest = (await (await fetch(url, { headers: { accept } })).json()) as {
    layers: { digest: string }[];
  };
  return manifest.layers.at(-1)!.digest;
}

describe.skipIf(dockerRegistryPath === null)("--cache-from an image of --cache-to type=inline", () => {
  let registry: DockerRegistry;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(lab.lab.root, "registry-"));
    registry = await startDockerRegistry({ directory });
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  const files = {
    Dockerfile: `FROM ${builtinImage} AS tool\nRUN echo built > /tool\n${from}RUN echo $RANDOM$RANDOM > /random\nENV A=1
WORKDIR /made\nCOPY own .\nCOPY --from=tool /tool /bin/\nRUN true\nRUN cat own /bin/tool > both\n`,
    own: "own\n",
  };

  test("takes layers from a registry, and only those of steps that have not changed", async () => {
    const name = `${registry.host}/team/cached`;
    const built = await lab.build(lab.context(files), "-t", name, "--cache-to=type=inline");
    expect(built).toMatchObject({ code: 0 });
    expect(await lab.lab.berth(["push", "-q", name])).toMatchObject({ code: 0 });

    const again = await other.build(other.context(files), "-t", "again", "--cache-from", name);
    expect(again).toMatchObject({ code: 0 });
    expect(steps(again.stderr)).toEqual({
      "RUN echo built > /tool": "DONE",
      "RUN echo $RANDOM$RANDOM > /random": "CACHED",
      "WORKDIR /made": "CACHED",
      "COPY own .": "CACHED",
      "COPY --from=tool /tool /bin/": "CACHED",
      "RUN true": "CACHED",
      "RUN cat own /bin/tool > both": "CACHED",
    });
    expect(await layersOf(other, "again")).toEqual(await layersOf(lab, name));
    expect(await other.sh("again", "cat both")).toBe("own\nbuilt\n");

    await other.lab.berth(["builder", "prune", "-af"]);
    const changed = await other.build(
      other.context({ ...files, own: "new\n" }),
      ...["-t", "changed", "--cache-from", `type=registry,ref=${name}`],
    );
    expect(steps(changed.stderr)).toMatchObject({
      "WORKDIR /made": "CACHED",
      "COPY own .": "DONE",
      "RUN true": "DONE",
    });
    expect(await other.sh("changed", "cat both")).toBe("new\nbuilt\n");
  });

  test("a layer is as it is on the layers below it, and is made where it cannot be had", async () => {
    const name = `${registry.host}/team/gone`;
    const files = { Dockerfile: `${from}RUN echo $RANDOM$RANDOM > /random; chmod 1777 /\nWORKDIR /rooted\n` };
    expect(await lab.build(lab.context(files), "-t", name, "--cache-to=type=inline")).toMatchObject({
      code: 0,
    });
    expect(await lab.lab.berth(["push", "-q", name])).toMatchObject({ code: 0 });
    const again = async () => {
      const built = await other.build(other.context(files), "-t", "gone", "--cache-from", name);
      expect(built).toMatchObject({ code: 0 });
      expect(await other.sh("gone", "stat -c %a / /rooted")).toBe("1777\n755\n");
      expect(await other.lab.berth(["rmi", "-f", "gone"])).toMatchObject({ code: 0 });
      await other.lab.berth(["builder", "prune", "-af"]);
      return { ...built, steps: Object.values(steps(built.stderr)) };
    };
    expect(await again()).toMatchObject({ steps: ["CACHED", "CACHED"] });

    const gone = await topLayer(registry, "team/gone");
    const [algorithm, hex] = gone.split(":") as [string, string];
    const blobs = join(directory, "storage/docker/registry/v2/blobs", algorithm, hex.slice(0, 2));
    rmSync(join(blobs, hex), { recursive: true });
    const without = await again();
    expect(without.steps).toEqual(["CACHED", "DONE"]);
    expect(without.stderr).toMatch(new RegExp(`importing cached layer ${gone} from .*\n#\\d+ ERROR: `));
  });

  test("takes what a registry has, even if the store has another of that name", async () => {
    const name = `${registry.host}/team/newer`;
    const files = (text: string) => ({ Dockerfile: `${from}RUN echo ${text} $RANDOM$RANDOM > /random\n` });
    for (const text of ["old", "new"]) {
      const built = await lab.build(lab.context(files(text)), "-t", name, "--cache-to=type=inline");
      expect(built).toMatchObject({ code: 0 });
      expect(await lab.lab.berth(["push", "-q", name])).toMatchObject({ code: 0 });
      if (text === "old") expect(await other.lab.berth(["pull", "-q", name])).toMatchObject({ code: 0 });
    }
    const built = await other.build(other.context(files("new")), "-t", "newer", "--cache-from", name);
    expect(built).toMatchObject({ code: 0 });
    expect(await layersOf(other, "newer")).toEqual(await layersOf(lab, name));
    const not = await other.build(other.context(files("new")), "--no-cache", "--cache-from", name);
    expect(not).toMatchObject({ code: 0, stderr: expect.not.stringContaining("importing cache") });
  });

  test("takes them from the store, where the cache was pruned", async () => {
    const names = ["here", "127.0.0.1:1/only/here"];
    const tags = names.flatMap((name) => ["-t", name]);
    expect(await lab.build(lab.context(files), ...tags, "--build-arg=BUILDKIT_INLINE_CACHE=1")).toMatchObject(
      { code: 0 },
    );
    const layers = await layersOf(lab, "here");
    for (const name of names) {
      await lab.lab.berth(["builder", "prune", "-af"]);
      const built = await lab.build(lab.context(files), "-t", "there", "--cache-from", name);
      expect(built).toMatchObject({ code: 0 });
      expect(built.stderr.includes(`importing cache manifest from ${name} as it is here\n`)).toBe(
        name !== "here",
      );
      expect(await layersOf(lab, "there")).toEqual(layers);
      await lab.lab.berth(["rmi", "there"]);
    }
  });
});

test("--cache-from what is not there, or knows nothing, is told and done without", async () => {
  const context = lab.context({ Dockerfile: `${from}RUN true\n` });
  const missing = await lab.build(context, "--cache-from=127.0.0.1:1/not/there");
  expect(missing).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/importing cache manifest .*\n#\d+ ERROR: /),
  });
  const plain = await lab.build(context, `--cache-from=${builtinImage}`);
  expect(plain.stderr).toContain("no cache in this image: it has to be built with --cache-to type=inline");
  for (const wrong of [
    "--cache-from=type=gha",
    "--cache-to=type=registry,ref=x",
    "--cache-to=x",
    "--cache-from=type=registry",
  ]) {
    const { code, stderr } = await lab.build(context, wrong);
    expect({ wrong, code }).toEqual({ wrong, code: 1 });
    expect(stderr).toMatch(/is not supported|ref is required/);
  }
});

test("--cache-to type=inline needs an image that it can be in", async () => {
  const context = lab.context({ Dockerfile: `${from}RUN true\n` });
  const files = mkdtempSync(join(lab.lab.root, "files-"));
  const alone = await lab.build(context, "--cache-to=type=inline", "-o", files);
  expect(alone).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("needs an output that is an image"),
  });
  const withImage = await lab.build(context, "--cache-to=type=inline", "-o", files, "-o", "type=image");
  expect(withImage).toMatchObject({ code: 0 });
});

test("keys go by limits and names of hosts, not by where hosts are (as in BuildKit)", async () => {
  const context = lab.context({ Dockerfile: `${from}RUN echo surrounded\n` });
  const end = async (...flags: string[]) =>
    steps((await lab.build(context, ...flags)).stderr)["RUN echo surrounded"];
  const told: [flags: string[], end: string][] = [
    [[], "DONE"],
    [["--add-host=a:10.0.0.1"], "DONE"],
    [["--add-host=a:10.0.0.2"], "CACHED"],
    [["--add-host=b:10.0.0.1"], "DONE"],
    [["--ulimit=nofile=100"], "DONE"],
    [["--ulimit=nofile=101"], "DONE"],
    [["--shm-size=1m"], "DONE"],
    [["--shm-size=1024k"], "CACHED"],
    [["--build-arg=BUILDKIT_SANDBOX_HOSTNAME=node1"], "DONE"],
    [[], "CACHED"],
  ];
  for (const [flags, wanted] of told) expect([flags, await end(...flags)]).toEqual([flags, wanted]);
});
