import { O } from "../sys/kernel-numbers.ts";
import { preciseNow } from "../base/precise-time.ts";
import { rename } from "../sys/directory-entries.ts";
import { close, open, statusAt, statusOf, writeAll } from "../sys/files.ts";
import { tryLock } from "../sys/flock.ts";
import { encodeText } from "../sys/text.ts";
import type { EngineContext } from "./context.ts";

/** Something that happened to an object, as `berth events` tells it. */
export interface EngineEvent {
  readonly type: "container" | "image" | "network" | "volume" | "builder";
  /** Docker's word: `start`, `exec_create: ls -l`, `pull` … */
  readonly action: string;
  /** What it happened to: a container's id, an image's id or name, a volume's name. */
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** How an event is kept: one line of JSON. `time` is RFC 3339 in UTC with nanoseconds. */
export interface RecordedEvent extends EngineEvent {
  readonly time: string;
}

/** Bytes after which a new file is begun; the one before is kept as `.1`. */
const fileLimit = 2 * 1024 * 1024;

export const eventLogPath = (context: EngineContext) => `${context.directories.data}/events.log`;

/**
 * Tells whoever asks `berth events`, now or later. Costs one append, is not synced, and never fails a command: a store
 * that cannot be written has no events.
 */
export function emitEvent(context: EngineContext, event: EngineEvent): void {
  const recorded: RecordedEvent = { time: preciseNow(), ...event };
  const path = eventLogPath(context);
  try {
    const file = open(path, O.WRONLY | O.CREAT | O.APPEND, 0o600);
    try {
      writeAll(file, encodeText(`${JSON.stringify(recorded)}\n`));
      const { size, inode } = statusOf(file);
      if (size >= fileLimit) rotate(context, path, inode);
    } finally {
      close(file);
    }
  } catch {
    // Not there yet, read-only, full: what happened is more important than its telling.
  }
}

/** One process does it, and only to the file that was too long. */
function rotate(context: EngineContext, path: string, inode: bigint): void {
  using lock = tryLock(`${context.directories.data}/locks`, "events", "exclusive");
  if (lock !== undefined && statusAt(path).inode === inode) rename(path, `${path}.1`);
}
