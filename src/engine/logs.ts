import { BerthError } from "../base/errors.ts";
import { dirname } from "../base/posix-path.ts";
import { preciseTime } from "../base/precise-time.ts";
import { RotatedLines } from "../container/rotated-lines.ts";
import { tailStart } from "../container/log-tail.ts";
import type { ContainerRecord } from "../store/types.ts";
import { ChangeWatch } from "./change-watch.ts";
import { logPath } from "./container-logging.ts";
import { optionsOf } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { type LogSink, LogText } from "./log-text.ts";
import { settledToRead } from "./reconcile-containers.ts";

export interface LogsOptions {
  /** Goes on until the container ends. */
  readonly follow: boolean;
  /** Milliseconds since 1970, both included. */
  readonly since?: number;
  readonly until?: number;
  /** Only that many lines from the end. */
  readonly tail?: number;
  readonly timestamps: boolean;
  /** Before every line the labels and variables that `--log-opt labels=` and `env=` name. */
  readonly details: boolean;
}

/** How often to look whether a monitor is still there: it cannot tell when it is killed. */
const monitorInterval = 1000;

/** Hands over what a container wrote, in the order in which it was written. Aborts with the signal's reason. */
export async function readLogs(
  context: EngineContext,
  idOrName: string,
  options: LogsOptions,
  sink: LogSink,
  signal: AbortSignal,
): Promise<void> {
  const record = await settledToRead(context, context.readingStore.containers.get(idOrName));
  if (record === undefined) throw new BerthError("not-found", `No such container: ${idOrName}`);
  if (record.state.status === "dead" || record.state.status === "removing")
    throw new BerthError("conflict", "can not get logs from container which is dead or marked for removal");
  const path = logPath(context.readingStore.layout.container(record.id));
  using lines = new RotatedLines(path);
  if (!lines.exists) return refuseUnlessNew(record);
  const from = options.tail === undefined ? undefined : tailStart(lines, options.tail);
  if (from !== undefined) lines.seek(Math.min(from.stdout, from.stderr));
  const text = new LogText(
    {
      timestamps: options.timestamps,
      ...(options.since === undefined ? {} : { since: preciseTime(options.since) }),
      ...(options.until === undefined ? {} : { until: preciseTime(options.until) }),
      ...(options.details ? { details: details(record) } : {}),
      ...(from ? { from } : {}),
    },
    sink,
  );
  const isPast = options.until !== undefined && options.until <= Date.now();
  using changes = options.follow && !isPast ? watchContainer(context, path) : undefined;
  for (;;) {
    // Whether it has ended is looked up before the last read, which so finds all.
    const isOver = changes === undefined || !(await mayStillWrite(context, record.id));
    for (let block = lines.read(); block !== undefined; block = lines.read()) {
      if (!text.add(block.bytes, block.position)) return;
      await new Promise(setImmediate); // a flood must not keep signals out
      signal.throwIfAborted();
    }
    const left = options.until === undefined ? monitorInterval : options.until - Date.now();
    if (isOver || left <= 0) return;
    await changes.next(Math.min(left, monitorInterval), signal);
  }
}

/** Docker shows nothing for a container that never ran, and refuses where no log is kept. */
function refuseUnlessNew({ state }: ContainerRecord): void {
  if (state.status === "created" && state.startedAt === undefined) return;
  throw new BerthError("unsupported", "configured logging driver does not support reading", {
    hint: "a container of `run --rm` in the foreground writes to the terminal only, one of --log-driver none nowhere",
  });
}

/** The log itself, and the database, whose write-ahead log grows with every change of a state. */
function watchContainer(context: EngineContext, path: string): ChangeWatch {
  return new ChangeWatch(
    new Map<string, (file: string) => boolean>([
      [dirname(path), () => true],
      [context.directories.data, (file) => file.startsWith("berth.db")],
    ]),
  );
}

async function mayStillWrite(context: EngineContext, id: string): Promise<boolean> {
  const record = context.readingStore.containers.find(id);
  const current = record && (await settledToRead(context, record));
  return current !== undefined && ["running", "paused", "restarting"].includes(current.state.status);
}

/** `key=value` pairs, sorted, as Docker encodes them. */
function details(container: ContainerRecord): string {
  const { run, env } = optionsOf(container);
  const wanted = (list: string | undefined) => list?.split(",").filter(Boolean) ?? [];
  const labels = wanted(run.logging?.options.labels).map((name) => [name, container.labels[name]] as const);
  const variables = wanted(run.logging?.options.env).map(
    (name) => [name, env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1)] as const,
  );
  return [...labels, ...variables]
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => new URLSearchParams([pair as [string, string]]).toString())
    .join(",");
}
