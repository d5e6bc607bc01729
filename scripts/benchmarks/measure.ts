/** One run of one side. */
export interface Sample {
  /** Milliseconds from start to end of the process. */
  readonly wall: number;
  /** Milliseconds of processor time, user and system, of the process and the children it waited for. */
  readonly cpu: number;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Runs with a terminal of 120 × 40 as stdin, stdout and stderr. */
  readonly terminal?: boolean;
  /** Puts things back before each run; not measured. */
  readonly prepare?: () => void;
}

/** Runs a command to its end; a failure ends the benchmark, because its time would mean nothing. */
export async function sample(command: Command): Promise<Sample> {
  command.prepare?.();
  const [program, ...args] = command.argv;
  let output = "";
  const collect = (_: unknown, data: Uint8Array) => {
    output += Buffer.from(data).toString();
  };
  const started = performance.now();
  const child = Bun.spawn([program!, ...args], {
    cwd: "/",
    env: command.env,
    ...(command.terminal
      ? { terminal: { cols: 120, rows: 40, data: collect } }
      : { stdin: "ignore", stdout: "pipe", stderr: "pipe" }),
  });
  if (!command.terminal) {
    const [stdout, stderr] = [child.stdout, child.stderr];
    if (stdout instanceof ReadableStream && stderr instanceof ReadableStream) {
      output = (await Promise.all([stdout.text(), stderr.text()])).join("");
    }
  }
  const code = await child.exited;
  const wall = performance.now() - started;
  if (code !== 0) throw new Error(`${command.argv.join(" ")} ended with status ${code}: ${output}`);
  const usage = child.resourceUsage();
  return { wall, cpu: usage === undefined ? Number.NaN : Number(usage.cpuTime.total) / 1000 };
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Comparison {
  readonly ours: Sample;
  readonly theirs: Sample;
}

/** The command of a round, or one that is the same in every round. */
type Side = Command | (() => Command);

const commandOf = (side: Side): Command => (typeof side === "function" ? side() : side);

/** Runs both sides in turn, `rounds` times after one round that does not count, and takes the medians. */
export async function compare(ours: Side, theirs: Side, rounds: number): Promise<Comparison> {
  const samples: { ours: Sample[]; theirs: Sample[] } = { ours: [], theirs: [] };
  for (let round = -1; round < rounds; round++) {
    const pair = { ours: await sample(commandOf(ours)), theirs: await sample(commandOf(theirs)) };
    if (round < 0) continue;
    samples.ours.push(pair.ours);
    samples.theirs.push(pair.theirs);
  }
  const middle = (side: readonly Sample[]): Sample => ({
    wall: median(side.map(({ wall }) => wall)),
    cpu: median(side.map(({ cpu }) => cpu)),
  });
  return { ours: middle(samples.ours), theirs: middle(samples.theirs) };
}
