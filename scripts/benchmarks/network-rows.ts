/** Rows about how fast bytes get into and out of a container. Nothing leaves the machine. */
import { existsSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "./engines.ts";
import { type Bench, type Figure, milliseconds } from "./figures.ts";
import { median } from "./measure.ts";
// @ts-expect-error the compiler does not know files as texts
import trafficSource from "./traffic.ts" with { type: "text" };

const seconds = 1;
const connections = 32;
/** Of the program inside. */
const port = 9000;

/** A way into the network: an engine with its flags, and what has to be done once the container runs. */
interface Way {
  readonly name: string;
  readonly engine: Engine;
  /** Without and with the host's loopback, which the container reaches at `host`. */
  readonly flags: readonly string[];
  readonly outwardFlags: readonly string[];
  readonly host: string;
  /** pasta beside a podman that knows nothing of it: attached to the first process as later podmans attach it. */
  readonly pasta: boolean;
}

function waysOf({ berth, podman }: Bench): { readonly ours: Way; readonly theirs: readonly Way[] } {
  const slirp = { host: "10.0.2.2", outwardFlags: ["--network", "slirp4netns:allow_host_loopback=true"] };
  const none = ["--network", "none"];
  return {
    ours: { name: "berth", engine: berth, flags: [], ...slirp, pasta: false },
    theirs: [
      {
        name: "slirp4netns",
        engine: podman,
        flags: ["--network", "slirp4netns"],
        ...slirp,
        pasta: false,
      },
      ...(Bun.which("pasta") === null
        ? []
        : [
            {
              name: "pasta",
              engine: podman,
              flags: none,
              outwardFlags: none,
              host: defaultGateway(),
              pasta: true,
            },
          ]),
    ],
  };
}

/** What pasta gives the host's loopback to. */
function defaultGateway(): string {
  const routes = Bun.spawnSync(["ip", "-4", "route", "show", "default"]).stdout.toString();
  return /via (\S+)/.exec(routes)?.[1] ?? "";
}

/** The traffic program and its runtime, for any image: the machine's own libraries are mounted with them. */
function program({ directory }: Bench): { readonly mounts: readonly string[]; readonly path: string } {
  const path = join(directory, "traffic.ts");
  writeFileSync(path, trafficSource as string);
  const mounts = [path, process.execPath].map((file) => `${file}:/traffic/${file.split("/").at(-1)}:ro`);
  const libraries = ["/usr/lib", "/lib", "/lib64"]
    .filter(existsSync)
    .map((to) => `${realpathSync(to)}:${to}:ro`);
  return { mounts: [...mounts, ...libraries].flatMap((mount) => ["-v", mount]), path };
}

const insideArgv = ["/traffic/bun", "/traffic/traffic.ts"];

interface Started extends AsyncDisposable {
  /** Of the host, where a server listens. */
  readonly port: number;
}

/** A container with a server that is published on the host's loopback. */
async function publishServer(bench: Bench, way: Way, role: "sink" | "serve"): Promise<Started> {
  const { engine } = way;
  const published = way.pasta ? [] : ["-p", `127.0.0.1::${port}`];
  const { mounts } = program(bench);
  // Its standard input never ends: the container is removed.
  const command = ["sh", "-c", 'sleep 1000 | "$@"', "sh", ...insideArgv, role, String(port)];
  await using stack = new AsyncDisposableStack();
  stack.defer(() => void engine.run(["rm", "-f", "served"]));
  runDetached(engine, "served", [...way.flags, ...published, ...mounts, bench.smallImage, ...command]);
  const hostPort = way.pasta
    ? freePort()
    : Number(
        engine
          .run(["port", "served", String(port)])
          .trim()
          .split(":")
          .at(-1),
      );
  if (way.pasta) stack.use(attachPasta(engine, "served", ["-t", `127.0.0.1/${hostPort}:${port}`]));
  await until("the server listens", () => engine.run(["logs", "served"]).includes(String(port)));
  const started = stack.move();
  return { port: hostPort, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** A container that is removed at once when it is told to. */
function runDetached(engine: Way["engine"], name: string, rest: readonly string[]): void {
  engine.run(["run", "-d", "--stop-timeout", "0", "--name", name, ...rest]);
}

/** A container that has died never gets there. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within 30 seconds`);
    await Bun.sleep(20);
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}

function attachPasta(engine: Engine, name: string, ports: readonly string[]): AsyncDisposable {
  const pid = engine.run(["inspect", "--format", "{{.State.Pid}}", name]).trim();
  const closed = ["-u", "none", "-T", "none", "-U", "none"];
  const child = Bun.spawn(["pasta", "--foreground", "-q", "--config-net", ...ports, ...closed, pid], {
    stdio: ["ignore", "ignore", "ignore"],
    // podman's is a daemon. The scheduler divides time between sessions (sched(7), autogroups), and ours is the client's.
    detached: true,
  });
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function outputOf(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
  const child = Bun.spawn([...argv], {
    cwd: "/",
    ...(env ? { env: { ...env } } : {}),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with status ${code}: ${stderr}`);
  return stdout;
}

const outside = (bench: Bench, ...words: readonly (string | number)[]) =>
  outputOf([process.execPath, program(bench).path, ...words.map(String)]);

/** Bytes per second from inside of a container to a server on the host's loopback. */
async function outward(bench: Bench, way: Way): Promise<number> {
  const { mounts, path } = program(bench);
  const server = Bun.spawn([process.execPath, path, "sink", "0"], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const { value } = await server.stdout.getReader().read();
    const hostPort = Buffer.from(value ?? [])
      .toString()
      .trim();
    const send = [...insideArgv, "send", way.host, hostPort, String(seconds)];
    const { engine } = way;
    const flags = [...way.outwardFlags, ...mounts];
    if (!way.pasta) {
      const { argv, env } = engine.command(["run", "--rm", ...flags, bench.smallImage, ...send]);
      return Number(await outputOf(argv, env));
    }
    await using stack = new AsyncDisposableStack();
    stack.defer(() => void engine.run(["rm", "-f", "sending"]));
    runDetached(engine, "sending", [...flags, bench.smallImage, "sleep", "1000"]);
    stack.use(attachPasta(engine, "sending", ["-t", "none"]));
    await until("pasta is there", () => engine.run(["exec", "sending", "ip", "route"]).includes("default"));
    const { argv, env } = engine.command(["exec", "sending", ...send]);
    return Number(await outputOf(argv, env));
  } finally {
    server.stdin.end();
    await server.exited;
  }
}

async function inward(bench: Bench, way: Way): Promise<number> {
  await using server = await publishServer(bench, way, "sink");
  return Number(await outside(bench, "send", "127.0.0.1", server.port, seconds));
}

/** Milliseconds. */
interface Answers {
  readonly median: number;
  readonly late: number;
}

async function answerTime(bench: Bench, way: Way): Promise<Answers> {
  await using server = await publishServer(bench, way, "serve");
  return JSON.parse(await outside(bench, "ask", "127.0.0.1", server.port, connections, seconds));
}

interface Samples<T> {
  readonly ours: readonly T[];
  readonly theirs: readonly (readonly [name: string, samples: readonly T[]])[];
}

/** Every way in turn, some times. */
async function inTurn<T>(bench: Bench, measure: (bench: Bench, way: Way) => Promise<T>): Promise<Samples<T>> {
  const { ours, theirs } = waysOf(bench);
  const samples = new Map<Way, T[]>([ours, ...theirs].map((way) => [way, []]));
  for (let round = Math.max(3, Math.ceil(bench.rounds / 5)); round > 0; round--) {
    for (const [way, values] of samples) values.push(await measure(bench, way));
  }
  return { ours: samples.get(ours)!, theirs: theirs.map((way) => [way.name, samples.get(way)!]) };
}

/** Two runs of one program differ by so much. */
const tolerance = 0.05;

function throughputRow(work: string, measure: (bench: Bench, way: Way) => Promise<number>) {
  return async (bench: Bench): Promise<Figure[]> => {
    const samples = await inTurn(bench, measure);
    const ours = median(samples.ours);
    const theirs = samples.theirs.map(([name, rates]) => [name, median(rates)] as const);
    const gigabits = (rate: number) => (rate > 0 ? `${((8 * rate) / 1e9).toFixed(1)} Gbit/s` : "stalls");
    const best = Math.max(...theirs.map(([, rate]) => rate));
    return [
      {
        work,
        ours: gigabits(ours),
        theirs: theirs.map(([name, rate]) => `${name} ${gigabits(rate)}`).join(", "),
        ratio: ours / best,
        aim: `at least the better one, give or take ${100 * tolerance} %`,
        reached: ours >= (1 - tolerance) * best,
      },
    ];
  };
}

async function latency(bench: Bench): Promise<Figure[]> {
  const samples = await inTurn(bench, answerTime);
  return (
    [
      ["median", "median"],
      ["late", "99th percentile"],
    ] as const
  ).map(([kind, name]) => {
    const middle = (times: Samples<Answers>["ours"]) => median(times.map((each) => each[kind]));
    const ours = middle(samples.ours);
    const theirs = samples.theirs.map(([way, times]) => [way, middle(times)] as const);
    const [[, slirp] = ["", 0]] = theirs;
    return {
      work: `answer of a published web server under ${connections} connections, ${name}`,
      ours: milliseconds(ours),
      theirs: theirs.map(([way, time]) => `${way} ${milliseconds(time)}`).join(", "),
      ratio: ours / slirp,
      aim: `at most 1 of podman with slirp4netns, give or take ${100 * tolerance} %`,
      reached: ours <= (1 + tolerance) * slirp,
    };
  });
}

export const networkRows = {
  outward: throughputRow("throughput container → host, one connection", outward),
  inward: throughputRow("throughput host → published port, one connection", inward),
  latency,
};
