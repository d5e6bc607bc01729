/** Rows about `build`, against `podman build` and against buildah alone; nobody has a network in RUN. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Engine } from "./engines.ts";
import { against, type Bench, type Figure, milliseconds } from "./figures.ts";
import { type Command, compare, median, sample } from "./measure.ts";

/** 10,000 files, 100 in each directory, 200 MB in all, that compress about as source code does. */
function manyFiles(context: string): void {
  const words = Array.from({ length: 3000 }, (_, index) => (index * 2654435761).toString(36).slice(0, 7));
  let state = 1;
  for (let directory = 0; directory < 100; directory++) {
    mkdirSync(join(context, `${directory}`), { recursive: true });
    for (let file = 0; file < 100; file++) {
      let text = "";
      while (text.length < 20_000) {
        state = (state * 1103515245 + 12345) % 2 ** 31;
        text += `${words[state % words.length]} `;
      }
      writeFileSync(join(context, `${directory}/${file}`), text.slice(0, 20_000));
    }
  }
}

/** A directory with a Dockerfile. */
function contextWith(bench: Bench, name: string, dockerfile: string): string {
  const context = join(bench.directory, `context-${name}`);
  mkdirSync(context);
  writeFileSync(join(context, "Dockerfile"), dockerfile);
  return context;
}

/** buildah caches steps only when it is told to. */
const buildWords = (engine: Engine, ...flags: string[]) => [
  ...(engine.name === "buildah" ? ["build", "--layers"] : ["build"]),
  ...["-q", "--network", "none", "-t", "bench", ...flags],
];

async function compareBuilds(
  bench: Bench,
  { work, aim, rounds }: { work: string; aim: number; rounds: number },
  side: (engine: Engine) => Command | (() => Command),
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const engine of [bench.podman, bench.buildah]) {
    const { ours, theirs } = await compare(side(bench.berth), side(engine), rounds);
    figures.push(against(engine, work, aim, ours.wall, theirs.wall));
  }
  return figures;
}

/** `build --no-cache` into a new store each time, as in the row `pull` and for its reason, and with nothing left to write. */
function intoEmpty(bench: Bench, context: string): (engine: Engine) => () => Command {
  let stores = 0;
  return (engine) => () => {
    const fresh = engine.elsewhere(join(bench.directory, `build${stores++}`));
    const prepare = () => {
      if (engine.name === "berth") fresh.run(["run", "--rm", "--network", "none", bench.smallImage, "true"]);
      else
        fresh.run(
          engine.name === "podman"
            ? ["load", "-i", bench.imageArchive]
            : ["pull", `oci-archive:${bench.imageArchive}`],
        );
      Bun.spawnSync(["sync", "--file-system", bench.directory]);
    };
    return fresh.command([...buildWords(engine, "--no-cache"), context], { prepare });
  };
}

const fewRounds = ({ rounds }: Bench) => Math.max(3, Math.ceil(rounds / 5));

async function cached(bench: Bench): Promise<Figure[]> {
  const steps =
    "ENV A=1\nWORKDIR /app\nCOPY file .\nRUN wc -c file >count\nRUN echo $A >out\nLABEL l=1\nCMD cat out\n";
  const context = contextWith(bench, "cached", `FROM ${bench.smallImage}\n${steps}`);
  writeFileSync(join(context, "file"), "content");
  bench.buildah.run(["pull", `oci-archive:${bench.imageArchive}`]);
  return await compareBuilds(
    bench,
    { work: "`build` with every step cached", aim: 0.2, rounds: bench.rounds },
    (engine) => engine.command([...buildWords(engine), context]),
  );
}

async function copy(bench: Bench): Promise<Figure[]> {
  const context = contextWith(bench, "copy", "FROM scratch\nCOPY files /files\n");
  manyFiles(join(context, "files"));
  const row = { work: "`build`: COPY of 10,000 files, 200 MB", aim: 0.5, rounds: fewRounds(bench) };
  return await compareBuilds(bench, row, intoEmpty(bench, context));
}

async function runStep(bench: Bench): Promise<Figure[]> {
  // 20 files; what starts many programs would measure these.
  const write =
    "for i in 1 2 3 4 5; do cat /bin/busybox; done | head -c 10000000 >/f; for i in $(seq 19); do cp /f /f$i; done";
  const context = contextWith(bench, "run", `FROM ${bench.smallImage}\nRUN ${write}\n`);
  const row = { work: "`build`: RUN that writes 200 MB", aim: 0.6, rounds: fewRounds(bench) };
  return await compareBuilds(bench, row, intoEmpty(bench, context));
}

/** One stage before three that need only it, and one that needs these: how much less time than processor time it takes. */
async function diamond(bench: Bench): Promise<Figure[]> {
  const work = "for i in $(seq 9); do head -c 10000000 /dev/zero | sha256sum; done >/out";
  const middle = ["a", "b", "c"];
  const dockerfile = `FROM ${bench.smallImage} AS first\nRUN true\n${middle
    .map((name) => `FROM first AS ${name}\nRUN : ${name}; ${work}\n`)
    .join("")}FROM first\n${middle.map((name) => `COPY --from=${name} /out /${name}\n`).join("")}`;
  const context = contextWith(bench, "diamond", dockerfile);
  const measure = async (engine: Engine, ...flags: string[]) => {
    const samples = [];
    for (let round = 0; round < fewRounds(bench); round++)
      samples.push(await sample(engine.command([...buildWords(engine, "--no-cache", ...flags), context])));
    return median(samples.map(({ wall }) => wall));
  };
  const [ours, theirs] = [await measure(bench.berth), await measure(bench.podman)];
  // The same work in one stage after the other.
  const alone = contextWith(
    bench,
    "chain",
    `FROM ${bench.smallImage}\n${middle.map((name) => `RUN : ${name}; ${work}\n`).join("")}`,
  );
  const chain = await sample(bench.berth.command([...buildWords(bench.berth, "--no-cache"), alone]));
  const ratio = ours / chain.wall;
  return [
    {
      work: `\`build\` of a diamond of five stages, against the same steps in one (${cpus().length} processors)`,
      ours: milliseconds(ours),
      theirs: milliseconds(theirs),
      ratio,
      aim: "at most 0.8 of one stage",
      reached: ratio <= 0.8,
    },
  ];
}

export const buildRows = { cached, copy, "run-step": runStep, diamond };
