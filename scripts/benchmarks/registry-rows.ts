/** Rows about registries and archives. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startDelayingProxy } from "./delaying-proxy.ts";
import type { Engine } from "./engines.ts";
import { againstPodman, type Bench, type Figure, milliseconds } from "./figures.ts";
import { serveLargeLayer } from "./large-layer.ts";
import { type Command, compare, median, sample } from "./measure.ts";
import { startRegistry } from "./registry.ts";

const pullCommand = ({ name }: Engine) => [
  "pull",
  "-q",
  ...(name === "podman" ? ["--tls-verify=false"] : []),
];

/** What one side left to the kernel to write is not the other's work. */
const settle = (directory: string) => void Bun.spawnSync(["sync", "--file-system", directory]);

const shortRounds = ({ rounds }: Bench) => Math.max(3, Math.ceil(rounds / 3));

/**
 * Every pull goes into an empty store of its own. Removing the image between two rounds instead would measure ext4, which
 * passes over each inode freed in the last minutes for each inode that it gives out: seconds, for both sides.
 */
async function pull(bench: Bench): Promise<Figure[]> {
  const { name: image } = await bench.largeImage();
  let stores = 0;
  const intoEmpty = (engine: Engine, ready: readonly string[]) => () => {
    const fresh = engine.elsewhere(join(bench.directory, `pull${stores++}`));
    const prepare = () => {
      fresh.run(ready);
      if (fresh.run(["images", "-q", image]).trim() !== "")
        throw new Error("a new store has the image already");
      settle(bench.directory);
    };
    return fresh.command([...pullCommand(engine), image], { prepare });
  };
  // Makes the store, and for berth its helper programs, which the first command of a user unpacks.
  const ready = ["run", "--rm", "--network", "none", bench.smallImage, "true"];
  const { ours, theirs } = await compare(
    intoEmpty(bench.berth, ready),
    intoEmpty(bench.podman, ["images", "-q"]),
    shortRounds(bench),
  );
  return [
    againstPodman("`pull` of the large image from loopback", 0.4, ours.wall, theirs.wall),
    againstPodman("the same, processor time", 0.4, ours.cpu, theirs.cpu),
  ];
}

/** skopeo does not unpack what it copies into a layout, so that this is the way of the bytes alone. */
async function transfer(bench: Bench): Promise<Figure[]> {
  const { name: image } = await bench.largeImage();
  const layout = join(bench.directory, "transferred");
  const prepare = () => {
    rmSync(layout, { recursive: true, force: true });
    settle(bench.directory);
  };
  const { ours, theirs } = await compare(
    bench.berth.command(["copy", `docker://${image}`, `oci:${layout}:latest`], { prepare }),
    skopeo(bench, ["--src-tls-verify=false", `docker://${image}`, `oci:${layout}:latest`], prepare),
    shortRounds(bench),
  );
  return [againstSkopeo("`copy` of the large image from loopback into a layout", ours.wall, theirs.wall)];
}

/** The requests that wait for each other, told by what each held back adds. */
async function again(bench: Bench): Promise<Figure[]> {
  const { name: image } = await bench.largeImage();
  const engines = [bench.berth, bench.podman] as const;
  for (const engine of engines) engine.run([...pullCommand(engine), image]);
  const { ours, theirs } = await compare(
    bench.berth.command([...pullCommand(bench.berth), image]),
    bench.podman.command([...pullCommand(bench.podman), image]),
    bench.rounds,
  );
  const [registry = "", ...path] = image.split("/");
  const trips = async (engine: Engine) => {
    const delay = 200;
    const walls: number[] = [];
    for (const held of [0, delay]) {
      using proxy = startDelayingProxy(registry, held);
      const command = engine.command([...pullCommand(engine), [proxy.host, ...path].join("/")]);
      await sample(command);
      const samples: number[] = [];
      for (let round = 0; round < 3; round++) samples.push((await sample(command)).wall);
      walls.push(median(samples));
    }
    return (walls[1]! - walls[0]!) / delay;
  };
  const [ourTrips, theirTrips] = [await trips(bench.berth), await trips(bench.podman)];
  return [
    againstPodman("`pull` of an image that is there", 0.3, ours.wall, theirs.wall),
    {
      work: "the same: round trips on top of the registry's own time",
      ours: ourTrips.toFixed(2),
      theirs: theirTrips.toFixed(2),
      ratio: ourTrips / theirTrips,
      aim: "at most 1.2",
      reached: ourTrips <= 1.2,
    },
  ];
}

async function push(bench: Bench): Promise<Figure[]> {
  const { name: image } = await bench.largeImage();
  for (const engine of [bench.berth, bench.podman]) engine.run([...pullCommand(engine), image]);
  const storage = join(bench.directory, "registry");
  await using registry = await startRegistry(storage);
  const target = `${registry.host}/bench/pushed:latest`;
  const prepare = () => {
    rmSync(join(storage, "storage"), { recursive: true, force: true });
    settle(bench.directory);
  };
  for (const engine of [bench.berth, bench.podman]) engine.run(["tag", image, target]);
  const { ours, theirs } = await compare(
    bench.berth.command(["push", "-q", target], { prepare }),
    bench.podman.command(["push", "-q", "--tls-verify=false", target], { prepare }),
    shortRounds(bench),
  );
  return [againstPodman("`push` of the large image to an empty repository", 0.4, ours.wall, theirs.wall)];
}

async function save(bench: Bench): Promise<Figure[]> {
  const { name: image, layout } = await bench.largeImage();
  bench.berth.run([...pullCommand(bench.berth), image]);
  const figures: Figure[] = [];
  for (const format of ["docker-archive", "oci-archive"]) {
    const file = join(bench.directory, "saved.tar");
    const prepare = () => {
      rmSync(file, { force: true });
      settle(bench.directory);
    };
    const { ours, theirs } = await compare(
      bench.berth.command(["save", "--format", format, "-o", file, image], { prepare }),
      skopeo(bench, [`oci:${layout}:latest`, `${format}:${file}:${image}`], prepare),
      shortRounds(bench),
    );
    figures.push(againstSkopeo(`\`save --format ${format}\` of the large image`, ours.wall, theirs.wall));
  }
  return figures;
}

function skopeo(bench: Bench, args: readonly string[], prepare: () => void): Command {
  const argv = ["skopeo", "copy", "-q", "--insecure-policy", ...args];
  return { argv, env: bench.podman.env, prepare };
}

function againstSkopeo(work: string, ours: number, theirs: number): Figure {
  return {
    work: `${work}, against skopeo`,
    ours: milliseconds(ours),
    theirs: milliseconds(theirs),
    ratio: ours / theirs,
    aim: "at most 1 of skopeo",
    reached: ours <= theirs,
  };
}

/** The most resident memory that each process of `executable` has had so far, by its pid. */
function peaks(executable: string, known: Map<string, number>): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (readlinkSync(`/proc/${pid}/exe`) !== executable) continue;
      const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      if (kilobytes !== undefined) known.set(pid, Number(kilobytes) * 1024);
    } catch {
      // It has ended, or is somebody else's.
    }
  }
}

/** A layer of 2 GiB, received by one process and unpacked by another at the same time. */
async function pullMemory(bench: Bench): Promise<Figure[]> {
  using large = await serveLargeLayer(2048);
  const store = join(bench.directory, "large-layer");
  mkdirSync(store);
  const { argv, env } = bench.berth.elsewhere(store).command([...pullCommand(bench.berth), large.image]);
  const known = new Map<string, number>();
  const child = Bun.spawn([...argv], { cwd: "/", env, stdio: ["ignore", "ignore", "inherit"] });
  while (child.exitCode === null) {
    peaks(argv[0]!, known);
    await Promise.race([child.exited, Bun.sleep(20)]);
  }
  if (child.exitCode !== 0) throw new Error(`pull ended with status ${child.exitCode}`);
  const bytes = Math.max(...known.values());
  return [
    {
      work: "peak resident memory of a `pull` of a layer of 2 GiB, the larger of its two processes",
      ours: `${Math.round(bytes / 1_000_000)} MB`,
      theirs: "",
      ratio: undefined,
      aim: "at most 120 MB",
      reached: bytes <= 120_000_000,
    },
  ];
}

export const registryRows = { pull, transfer, again, push, save, pullMemory };
