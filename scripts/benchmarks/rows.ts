import { readdirSync, readFileSync } from "node:fs";
import type { Engine } from "./engines.ts";
import { buildRows } from "./build-rows.ts";
import { againstPodman, type Bench, type Figure, milliseconds, privateMemory } from "./figures.ts";
import { lifeRows } from "./life-rows.ts";
import { compare, median, sample } from "./measure.ts";
import { networkRows } from "./network-rows.ts";
import { registryRows } from "./registry-rows.ts";

async function version(bench: Bench): Promise<Figure[]> {
  const hello = { argv: [bench.hello], env: bench.berth.env };
  const { ours, theirs } = await compare(bench.berth.command(["--version"]), hello, bench.rounds * 4);
  return [
    {
      work: "`berth --version`, against a compiled hello",
      ours: milliseconds(ours.wall),
      theirs: milliseconds(theirs.wall),
      ratio: ours.wall / theirs.wall,
      aim: "at most 3 of hello (15 ms where it takes 5)",
      reached: ours.wall <= 3 * theirs.wall,
    },
  ];
}

async function run(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [network, aim, time] of [
    ["none", 0.2, 25],
    ["slirp4netns", 0.25, 60],
  ] as const) {
    const args = ["run", "--rm", "--network", network, bench.smallImage, "true"];
    const { ours, theirs } = await compare(
      bench.berth.command(args),
      bench.podman.command(args),
      bench.rounds,
    );
    figures.push(
      againstPodman(`\`run --rm --network ${network} IMG true\``, aim, ours.wall, theirs.wall, time),
    );
  }
  return figures;
}

async function lists(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const args of [["images"], ["history", bench.smallImage], ["inspect", bench.smallImage]]) {
    const { ours, theirs } = await compare(
      bench.berth.command(args),
      bench.podman.command(args),
      bench.rounds,
    );
    figures.push(againstPodman(`\`${args[0]}\` in a pipe`, 0.5, ours.wall, theirs.wall));
  }
  return figures;
}

async function terminal(bench: Bench): Promise<Figure[]> {
  const { ours, theirs } = await compare(
    bench.berth.command(["images"], { terminal: true }),
    bench.podman.command(["images"], { terminal: true }),
    bench.rounds,
  );
  return [
    {
      work: "`images` on a terminal",
      ours: milliseconds(ours.wall),
      theirs: milliseconds(theirs.wall),
      ratio: ours.wall / theirs.wall,
      aim: "at most 80 ms",
      reached: ours.wall <= 80,
    },
  ];
}

/** Processes whose executable or first argument is `program`, of this user. */
function processesOf(program: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readFileSync(`/proc/${name}/cmdline`, "latin1").split("\0")[0] === program ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

interface Waiting extends AsyncDisposable {
  readonly pid: number;
}

/** Starts a foreground container, and returns when it said that it runs. */
async function startWaiting(engine: Engine, image: string): Promise<Waiting> {
  const { argv, env } = engine.command([
    "run",
    "--rm",
    "-i",
    "--network",
    "none",
    image,
    "sh",
    "-c",
    "echo up; cat",
  ]);
  const child = Bun.spawn([...argv], { cwd: "/", env, stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  if (Buffer.from(value ?? []).toString() !== "up\n")
    throw new Error(`${engine.name} did not start a container`);
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.stdin.end(); // ends `cat`, and so the container and its engine
      await child.exited;
    },
  };
}

/**
 * What one more waiting `run` costs: two wait in the same way, so that what they share is not counted, and the second
 * is measured with the companions (conmon) that it brought.
 */
async function waitingMemory(engine: Engine, image: string, companions: readonly string[]): Promise<number> {
  await using _first = await startWaiting(engine, image);
  const before = new Set(companions.flatMap(processesOf));
  await using second = await startWaiting(engine, image);
  const brought = companions.flatMap(processesOf).filter((pid) => !before.has(pid));
  await Bun.sleep(500); // what start-up allocated is given back by a timer
  return [second.pid, ...brought].reduce((total, pid) => total + privateMemory(pid), 0);
}

async function memory(bench: Bench): Promise<Figure[]> {
  const samples: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let round = 0; round < 3; round++) {
    samples.ours.push(await waitingMemory(bench.berth, bench.smallImage, []));
    samples.theirs.push(await waitingMemory(bench.podman, bench.smallImage, ["/usr/bin/conmon"]));
  }
  const [ours, theirs] = [median(samples.ours), median(samples.theirs)];
  const megabytes = (value: number) => `${(value / 1_000_000).toFixed(1)} MB`;
  return [
    {
      work: "private memory of a waiting foreground `run` (podman: with conmon)",
      ours: megabytes(ours),
      theirs: megabytes(theirs),
      ratio: ours / theirs,
      aim: "at most 12 MB",
      reached: ours <= 12_000_000,
    },
  ];
}

/** A gigabyte of lines in the background, from the start until all of it is in the log. */
async function log(bench: Bench): Promise<Figure[]> {
  // `cat` writes faster than anything that makes lines.
  const script = `yes ${"x".repeat(63)} | head -c 20000000 >/f; for i in $(seq 50); do cat /f; done`;
  const logged = (engine: Engine, ...flags: string[]) => {
    const begin = ["run", "-d", "--network", "none", ...flags, bench.smallImage, "sh", "-c", script];
    const words = (args: readonly string[]) => engine.command(args).argv.map(shellWord).join(" ");
    return {
      argv: ["sh", "-c", `${words(["wait"])} "$(${words(begin)})"`],
      env: engine.env,
      prepare: () => void engine.run(["container", "prune", "-f"]),
    };
  };
  const { ours, theirs } = await compare(
    logged(bench.berth),
    // With a limit, as berth has by default: otherwise the disk is measured.
    logged(bench.podman, "--log-driver", "k8s-file", "--log-opt", "max-size=20m"),
    Math.max(3, Math.ceil(bench.rounds / 5)),
  );
  return [againstPodman("log of a container that writes 1 GB of lines", 1, ours.wall, theirs.wall)];
}

const shellWord = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Every row by the name it is chosen by. */
export const rows: Readonly<Record<string, (bench: Bench) => Promise<Figure[]>>> = {
  version,
  run,
  lists,
  terminal,
  memory,
  log,
  ...registryRows,
  ...lifeRows,
  ...buildRows,
  ...networkRows,
};

/** Makes sure that a side works at all before its time is taken. */
export async function warmUp(bench: Bench): Promise<void> {
  for (const engine of [bench.berth, bench.podman]) {
    await sample(engine.command(["run", "--rm", "--network", "none", bench.smallImage, "true"]));
  }
}
