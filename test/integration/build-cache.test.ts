/** Where `berth build` finds steps besides its own cache, and what its keys go by. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
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

describe.skipIf(dockerRegistryPath === null)("--cache-from an image of --cache-to type=inline", () => {
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry({ directory: mkdtempSync(join(lab.lab.root, "registry-")) });
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

  test("takes them from the store, where the cache was pruned", async () => {
    expect(
      await lab.build(lab.context(files), "-t", "here", "--build-arg=BUILDKIT_INLINE_CACHE=1"),
    ).toMatchObject({ code: 0 });
    const layers = await layersOf(lab, "here");
    await lab.lab.berth(["builder", "prune", "-af"]);
    expect(await lab.build(lab.context(files), "-t", "there", "--cache-from=here")).toMatchObject({
      code: 0,
    });
    expect(await layersOf(lab, "there")).toEqual(layers);
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
    [[], "CACHED"],
  ];
  for (const [flags, wanted] of told) expect([flags, await end(...flags)]).toEqual([flags, wanted]);
});
