/** `berth build --squash`: one layer that does what many did. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";

let lab: BuildLab;
beforeAll(async () => {
  lab = await buildLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const epoch = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000"];

interface Inspected {
  readonly layers: readonly string[];
  readonly history: readonly {
    readonly CreatedBy: string;
    readonly Comment: string;
    readonly Size: string;
  }[];
}

async function inspected(image: string): Promise<Inspected> {
  const { berth } = lab.lab;
  const layers = await berth(["inspect", "-f", "{{json .RootFS.Layers}}", image]);
  const history = await berth(["history", "--no-trunc", "--format", "json", image]);
  return {
    layers: JSON.parse(layers.stdout),
    history: history.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  };
}

test("the files are the same, whatever was changed, replaced, removed or made again; the base stays", async () => {
  const base = await lab.image(
    {
      Dockerfile: `FROM ${builtinImage}\nRUN mkdir -p /dir/sub /emptied /kept && cd /dir && echo 1 > same && echo x | tee gone sub/f /emptied/f
RUN echo 1 > /kept/f && ln /kept/f /kept/hard && ln -s f /kept/link && chmod 711 /kept && chown 3:4 /kept/link /dir\n`,
    },
    ...["-t", "base", ...epoch],
  );
  const context = lab.context({
    Dockerfile: `FROM base
RUN echo 2 > /dir/same; rm /dir/gone; mkdir /new && chown 5:6 /new && echo 1 > /new/f && ln /new/f /new/hard
COPY own /own/
RUN rm -r /dir/sub && mkdir /dir/sub && echo again > /dir/sub/g; rm -r /emptied && echo file > /emptied
RUN rm /new/hard && rm -r /own && chmod 700 /new && mkdir -p /own && touch /own/.hidden
RUN rm /kept/f && mkdir /kept/f
WORKDIR /made
`,
    own: "own\n",
  });
  const files = async (...flags: string[]) => {
    const { code, stdout, stderr } = await lab.lab.berth([
      "build",
      "--network=none",
      ...epoch,
      ...flags,
      "-o",
      "-",
      context,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("ERROR") });
    return Bun.hash(stdout.slice(512)); // the root comes first; where no layer dates it, it is as old as its directory
  };
  expect(await files("--squash")).toBe(await files());

  const { code, stderr } = await lab.build(context, "--squash", "-t", "squashed", ...epoch);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/squashing 6 layers\n#\d+ DONE/),
  });
  const [below, merged] = [await inspected(base), await inspected("squashed")];
  expect(merged.layers.slice(0, -1)).toEqual([...below.layers]);
  const [newest, ...older] = merged.history;
  expect(newest).toMatchObject({ CreatedBy: "", Comment: "merge of 6 layers" });
  expect(older.map(({ Size }) => Size).slice(0, 6)).toEqual(Array(6).fill("0B"));
  expect(older.slice(6)).toMatchObject(below.history.map(({ CreatedBy }) => ({ CreatedBy })));
  expect(await lab.sh("squashed", "cat /dir/same /dir/sub/g /emptied /kept/hard; ls -A /own /emptied")).toBe(
    "2\nagain\nfile\n1\n/emptied\n\n/own:\n.hidden\n",
  );
});

test("what has one layer, or none, is as it is; a cache cannot be in a squashed image", async () => {
  const context = lab.context({ Dockerfile: `FROM ${builtinImage}\nRUN echo 1 > /f\nENV A=1\n` });
  await lab.build(context, "-t", "plain");
  await lab.build(context, "-t", "same", "--squash");
  expect((await inspected("same")).layers).toEqual([...(await inspected("plain")).layers]);
  for (const asked of ["--cache-to=type=inline", "--build-arg=BUILDKIT_INLINE_CACHE=1"]) {
    const both = await lab.build(context, "--squash", asked);
    expect(both).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot be used together") });
  }
});
