/** Builds that end before they are done, and builds at once: nothing is left, and no finished step is done again. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage, unharmed } from "../support/container-lab.ts";
import { processesOf } from "../support/processes-of.ts";

const dockerfile = `FROM ${builtinImage} AS base
RUN (trap '' TERM HUP INT; sleep 1000) & echo one | tee /one; chown 3:4 /one
COPY many /many
FROM base AS left
RUN echo left | tee /left
FROM base AS right
RUN --mount=type=cache,target=/c echo right | tee /c/right /right
FROM base
COPY --from=left /left /
COPY --from=right /right /
RUN cat /one /left /right
`;
const files = {
  Dockerfile: dockerfile,
  ...Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`many/${index}`, `${index}`.repeat(999)])),
};

/** Titles of steps that a plain progress tells to be in a state. */
function stepsThatAre(state: "DONE" | "CACHED", progress: string): string[] {
  const titles = new Map<string, string>();
  for (const [, number, title] of progress.matchAll(/^#(\d+) (\[\S+ \d+\/\d+\] (?:RUN|COPY) .*)$/gm))
    titles.set(number!, title!);
  return [...progress.matchAll(new RegExp(`^#(\\d+) ${state}\\b`, "gm"))].flatMap(
    ([, number]) => titles.get(number!) ?? [],
  );
}

const modes = { overlay: {}, "fuse-overlayfs": {}, "one id": { PATH: "/nonexistent" } };

describe.each(Object.keys(modes) as (keyof typeof modes)[])("with %s", (mode) => {
  let lab: BuildLab;
  let context: string;
  const env: Readonly<Record<string, string>> = modes[mode];
  const driver = mode === "one id" ? "overlay" : mode;

  /** Kills a build, or asks it to end, as soon as it has told so many lines; what it told. */
  async function buildUntil(
    lines: number,
    signal: "SIGKILL" | "SIGINT",
  ): Promise<{ code: number; told: string }> {
    const child = Bun.spawn([berthExecutable, "build", "--progress=plain", "--network=none", context], {
      cwd: "/",
      env: {
        ...{ PATH: "/usr/bin:/bin", HOME: lab.lab.root, BERTH_ROOT: join(lab.lab.root, "data") },
        ...{ BERTH_STORAGE_DRIVER: driver, ...env },
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let told = "";
    let sent = false;
    for await (const chunk of child.stderr) {
      told += Buffer.from(chunk).toString();
      if (sent || told.split("\n").length <= lines) continue;
      child.kill(signal);
      sent = true;
    }
    return { code: (await child.exited) ?? -1, told };
  }

  const build = (...flags: string[]) =>
    lab.lab.berth(["build", "--progress=plain", "--network=none", ...flags, context], { env });

  async function nothingRuns(): Promise<void> {
    while (processesOf(lab.lab.root).length > 0) await Bun.sleep(5);
  }

  beforeAll(async () => {
    lab = await buildLab(driver);
    context = lab.context(files);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("a killed build leaves nothing that runs, and the next one does the rest", async () => {
    const total = (await build("--no-cache")).stderr.split("\n").length;
    const moments = Array.from({ length: 5 }, (_, index) =>
      Math.floor(((index + Math.random()) * total) / 5),
    );
    for (const moment of moments) {
      await lab.lab.berth(["builder", "prune", "-af"], { env });
      const { told } = await buildUntil(moment, "SIGKILL");
      await nothingRuns();
      const { code, stderr } = await build("-t", "made");
      expect({ moment, code, stderr: code === 0 ? "" : stderr }).toEqual({ moment, code: 0, stderr: "" });
      const cached = stepsThatAre("CACHED", stderr);
      expect(stepsThatAre("DONE", told).filter((step) => !cached.includes(step))).toEqual([]);
      expect(readdirSync(join(lab.lab.root, "data/tmp"))).toEqual([]);
      const { stdout } = await lab.lab.berth(
        ["run", "--rm", "--network=none", "made", "cat", "/one", "/right", "/many/7"],
        { env },
      );
      expect(stdout).toBe(`one\nright\n${"7".repeat(999)}`);
    }
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(lab.lab.root);
  });

  test("a build that is interrupted cleans up before it ends", async () => {
    await lab.lab.berth(["builder", "prune", "-af"], { env });
    const { code, told } = await buildUntil(12, "SIGINT");
    expect({ code, told }).toEqual({ code: 130, told: expect.stringContaining("CANCELED") });
    await nothingRuns();
    expect(readdirSync(join(lab.lab.root, "data/tmp"))).toEqual([]);
  });

  test("builds at once do not get into each other's way", async () => {
    await lab.lab.berth(["builder", "prune", "-af"], { env });
    const builds = await Promise.all(["a", "b", "c"].map((tag) => build("-t", tag)));
    expect(builds.map(({ code, stderr }) => (code === 0 ? "" : stderr))).toEqual(["", "", ""]);
    await nothingRuns();
    expect(readdirSync(join(lab.lab.root, "data/tmp"))).toEqual([]);
    const again = await build();
    expect(stepsThatAre("CACHED", again.stderr)).toHaveLength(7);
  });
});

describe("a cache that several builds mount at once (security case D3)", () => {
  let lab: BuildLab;
  beforeAll(async () => {
    lab = await buildLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  const counting = (sharing: string, run: string) =>
    `FROM ${builtinImage}\nRUN --mount=type=cache,target=/c,id=../../../victim,sharing=${sharing} ${run}\n`;
  const buildAll = (dockerfile: string) =>
    Promise.all(
      ["a", "b", "c"].map((tag) =>
        lab.build(lab.context({ Dockerfile: dockerfile }), "--no-cache", "-t", tag),
      ),
    );

  test("has one build after the other in it when it is locked", async () => {
    // Each would take the name of another one, if they met.
    const run =
      "for i in 1 2 3 4 5 6 7 8 9; do mkdir /c/mine && cat /c/n >/n 2>/dev/null; echo x >>/n; cp /n /c/n; rmdir /c/mine || exit 1; done";
    const builds = await buildAll(counting("locked", run));
    expect(builds.map(({ code, stderr }) => (code === 0 ? "" : stderr))).toEqual(["", "", ""]);
    const last = await lab.image({ Dockerfile: counting("locked", "wc -l </c/n >/n") });
    expect(await lab.sh(last, "cat /n")).toBe("27\n");
    expect(lab.lab.harm()).toEqual(unharmed);
  });

  test("is another one for each when it is private", async () => {
    // Nobody ends before all have begun, so that all need one.
    const meet =
      "touch /meet/$(cat /proc/sys/kernel/random/uuid); until [ $(ls /meet | wc -l) = 3 ]; do usleep 5000; done";
    const dockerfile = `FROM ${builtinImage}
RUN --mount=type=cache,target=/c,id=own,sharing=private --mount=type=cache,target=/meet,id=meet ${meet}; echo 1 >>/c/n; wc -l </c/n >/n\n`;
    const builds = await buildAll(dockerfile);
    expect(builds.map(({ code, stderr }) => (code === 0 ? "" : stderr))).toEqual(["", "", ""]);
    expect(await Promise.all(["a", "b", "c"].map((tag) => lab.sh(tag, "cat /n")))).toEqual(
      Array(3).fill("1\n"),
    );
  });

  test("begins with what is in a stage, and not with where a link of it leads", async () => {
    const { victim } = lab.lab;
    const context = lab.context({
      Dockerfile: `FROM ${builtinImage} AS evil\nRUN ln -s ${victim} /link; ln -s ../../../../../.. /up
FROM ${builtinImage}\nRUN --mount=type=cache,target=/c,id=new,from=evil,source=/up test -e /c/bin/busybox && ! test -e /c${victim}/secret
RUN --mount=type=cache,target=/c,id=newer,from=evil,source=/link touch /c/harm\n`,
    });
    expect(await lab.build(context)).toMatchObject({ code: 1, stderr: expect.stringContaining("not found") });
    expect(lab.lab.harm()).toEqual(unharmed);
  });

  test("is not exchanged for a link by one who is in it", async () => {
    const { victim } = lab.lab;
    // The directory itself is a mount, so what can be exchanged is what is in it.
    const dockerfile = (run: string) =>
      `FROM ${builtinImage}\nRUN --mount=type=cache,target=/c,id=swap ${run}\n`;
    await lab.build(
      lab.context({ Dockerfile: dockerfile(`ln -s ${victim} /c/content; ln -s / /c/up`) }),
      "--no-cache",
    );
    await lab.build(
      lab.context({ Dockerfile: dockerfile("touch /c/content/harm /c/up/harm; true") }),
      "--no-cache",
    );
    expect(lab.lab.harm()).toEqual(unharmed);
  });
});
