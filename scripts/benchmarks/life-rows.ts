/** Rows about containers that live longer than the command that starts them. */
import { readFileSync } from "node:fs";
import type { Engine } from "./engines.ts";
import { type Command, compare, median } from "./measure.ts";
import { againstPodman, type Bench, type Figure, milliseconds, privateMemory } from "./figures.ts";

const offline = ["--network", "none"];

/** Ends when it is asked to, at once. */
const obedient = "trap exit TERM; while :; do sleep 1 & wait; done";

const start = (engine: Engine, image: string, name: string, ...command: string[]) =>
  engine.run(["run", "-d", "--name", name, ...offline, image, ...command]);

const remove = (engine: Engine, ...names: string[]) => engine.run(["rm", "-f", "-v", ...names]);

/** Several commands of one engine, one after the other, as one. */
function inTurn(engine: Engine, commands: readonly (readonly string[])[], extra?: Partial<Command>): Command {
  const { argv, env } = engine.command([]);
  const script = commands
    .map((words) => [argv[0], ...words].map((word) => `'${word}'`).join(" "))
    .join(" && ");
  return { argv: ["/bin/sh", "-c", script], env, ...extra };
}

/** The container before it is gone, and what its end made the kernel write, too: a start would wait behind that. */
async function detached(bench: Bench): Promise<Figure[]> {
  const command = (engine: Engine) => {
    let running = false;
    return () =>
      engine.command(["run", "-d", "--name", "detached", ...offline, bench.smallImage, "sleep", "1000"], {
        prepare() {
          if (running) remove(engine, "detached");
          running = true;
          Bun.spawnSync(["sync", "--file-system", bench.directory]);
        },
      });
  };
  const { ours, theirs } = await compare(command(bench.berth), command(bench.podman), bench.rounds);
  for (const engine of [bench.berth, bench.podman]) remove(engine, "detached");
  return [againstPodman("`run -d IMG` until its program runs", 0.25, ours.wall, theirs.wall)];
}

async function exec(bench: Bench): Promise<Figure[]> {
  const engines = [bench.berth, bench.podman];
  for (const engine of engines) start(engine, bench.smallImage, "target", "sleep", "1000");
  const args = ["exec", "target", "true"];
  const { ours, theirs } = await compare(bench.berth.command(args), bench.podman.command(args), bench.rounds);
  for (const engine of engines) remove(engine, "target");
  return [againstPodman("`exec CTR true`", 0.35, ours.wall, theirs.wall)];
}

async function ps(bench: Bench): Promise<Figure[]> {
  const engines = [bench.berth, bench.podman];
  const [exited, running] = [100, 20];
  const names = Array.from({ length: exited + running }, (_, index) => `listed${index}`);
  for (const engine of engines) {
    for (const [index, name] of names.entries())
      start(engine, bench.smallImage, name, ...(index < exited ? ["true"] : ["sleep", "1000"]));
  }
  const figures: Figure[] = [];
  for (const args of [["ps"], ["ps", "-a"]]) {
    const { ours, theirs } = await compare(
      bench.berth.command(args),
      bench.podman.command(args),
      bench.rounds,
    );
    const work = `\`${args.join(" ")}\` with ${exited} exited and ${running} running containers`;
    figures.push(againstPodman(work, 0.5, ours.wall, theirs.wall));
  }
  for (const engine of engines) remove(engine, ...names);
  return figures;
}

async function stop(bench: Bench): Promise<Figure[]> {
  const command = (engine: Engine) => () =>
    inTurn(
      engine,
      [
        ["stop", "obedient"],
        ["rm", "obedient"],
      ],
      {
        prepare: () => void start(engine, bench.smallImage, "obedient", "sh", "-c", obedient),
      },
    );
  const { ours, theirs } = await compare(command(bench.berth), command(bench.podman), bench.rounds);
  return [againstPodman("`stop` and `rm` of a container that obeys", 0.5, ours.wall, theirs.wall)];
}

/** The processes above a container's first one that belong to its engine. */
function keepersOf(engine: Engine, name: string): number[] {
  const keepers: number[] = [];
  let pid = Number(engine.run(["inspect", "--format", "{{.State.Pid}}", name]));
  for (;;) {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    pid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    const command = pid > 1 ? readFileSync(`/proc/${pid}/cmdline`, "latin1") : "";
    if (!/berth|conmon/.test(command)) return keepers;
    keepers.push(pid);
  }
}

/** What one more container costs that runs by itself and does nothing: what two share is not counted. */
async function idle(bench: Bench): Promise<Figure[]> {
  const cost = async (engine: Engine) => {
    for (const name of ["idle1", "idle2"]) start(engine, bench.smallImage, name, "sleep", "1000");
    await Bun.sleep(1000); // what start-up allocated is given back by a timer
    const bytes = keepersOf(engine, "idle2").reduce((total, pid) => total + privateMemory(pid), 0);
    remove(engine, "idle1", "idle2");
    return bytes;
  };
  const samples: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let round = 0; round < 3; round++) {
    samples.ours.push(await cost(bench.berth));
    samples.theirs.push(await cost(bench.podman));
  }
  const [ours, theirs] = [median(samples.ours), median(samples.theirs)];
  const megabytes = (value: number) => `${(value / 1_000_000).toFixed(1)} MB`;
  return [
    {
      work: "private memory of a detached idle container's own processes (podman: conmon)",
      ours: megabytes(ours),
      theirs: megabytes(theirs),
      ratio: ours / theirs,
      aim: "at most 8 MB",
      reached: ours <= 8_000_000,
    },
  ];
}

/** podman is left out: what it does with so many at once takes minutes here. */
async function many({ berth, smallImage }: Bench): Promise<Figure[]> {
  const names = Array.from({ length: 50 }, (_, index) => `many${index}`);
  const began = performance.now();
  const children = names.map((name) => {
    const { argv, env } = berth.command([
      "run",
      "-d",
      "--name",
      name,
      ...offline,
      smallImage,
      "sleep",
      "1000",
    ]);
    return Bun.spawn([...argv], { cwd: "/", env, stdio: ["ignore", "ignore", "inherit"] });
  });
  await Promise.all(children.map(({ exited }) => exited));
  const wall = performance.now() - began;
  const running = berth.run(["ps", "-q"]).split("\n").filter(Boolean).length;
  remove(berth, ...names);
  return [
    {
      work: "50 × `run -d` at once: how many run, and when",
      ours: `${running} in ${milliseconds(wall)}`,
      theirs: "",
      ratio: undefined,
      aim: "all 50 run",
      reached: running === names.length,
    },
  ];
}

export const lifeRows = { detached, exec, ps, stop, idle, many };
