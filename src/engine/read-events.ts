import { BerthError } from "../base/errors.ts";
import { preciseTime } from "../base/precise-time.ts";
import { RotatedLines } from "../container/rotated-lines.ts";
import { ChangeWatch } from "./change-watch.ts";
import type { EngineContext } from "./context.ts";
import { eventFilter } from "./event-filters.ts";
import { eventLogPath, type RecordedEvent } from "./events.ts";

export interface EventsOptions {
  /** Milliseconds since 1970, both included. Without either only what happens from now on is told. */
  readonly since?: number;
  readonly until?: number;
  /** `key=value` */
  readonly filters: readonly string[];
}

/** How often to look at the clock while nothing happens. */
const longestWait = 60_000;

/** Tells what happened, and what happens until `until`, or until the signal aborts (with its reason). */
export async function readEvents(
  context: EngineContext,
  options: EventsOptions,
  tell: (event: RecordedEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { since, until = Number.POSITIVE_INFINITY } = options;
  const accepts = eventFilter(options.filters);
  const first = since === undefined ? "" : preciseTime(since);
  const last = until === Number.POSITIVE_INFINITY ? "~" : preciseTime(until);
  if (first > last)
    throw new BerthError(
      "invalid-argument",
      `\`since\` time (${first}) cannot be after \`until\` time (${last})`,
    );
  context.store.isWritable(); // makes the directory that is watched
  using lines = new RotatedLines(eventLogPath(context));
  if (since === undefined && options.until === undefined) lines.seek(lines.end);
  using changes = new ChangeWatch(
    new Map([[context.directories.data, (file) => file.startsWith("events.log")]]),
  );
  for (;;) {
    const isOver = until <= Date.now();
    for (let block = lines.read(); block !== undefined; block = lines.read()) {
      for (const event of eventsIn(block.bytes)) {
        if (event.time >= first && event.time <= last && accepts(event)) tell(event);
      }
      await new Promise(setImmediate);
      signal.throwIfAborted();
    }
    if (isOver) return;
    await changes.next(Math.max(0, Math.min(until - Date.now(), longestWait)), signal);
  }
}

/** How the last run of a container ended; undefined when that is not told, or no longer. */
export function toldExitCode(context: EngineContext, container: string): number | undefined {
  using lines = new RotatedLines(eventLogPath(context));
  for (const { bytes, start, end } of lines.linesBackward())
    for (const { id, action, attributes } of eventsIn(bytes.subarray(start, end)))
      if (id === container && action === "die") return Number(attributes.exitCode);
  return undefined;
}

/** What cannot be read (the disk was full, or the machine died in the middle of it) is left out. */
function* eventsIn(bytes: Buffer): Generator<RecordedEvent> {
  for (const line of bytes.toString().split("\n")) {
    if (line === "") continue;
    try {
      yield JSON.parse(line) as RecordedEvent;
    } catch {}
  }
}
