import { closeSync, fstatSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { preciseNow } from "../base/precise-time.ts";
import { tryLock } from "../sys/flock.ts";
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

export const eventLogPath = (context: EngineContext) => join(context.directories.data, "events.log");

/**
 * Tells whoever asks `berth events`, now or later. Costs one append, is not synced, and never fails a command: a store
 * that cannot be written has no events.
 */
export function emitEvent(context: EngineContext, event: EngineEvent): void {
  const recorded: RecordedEvent = { time: preciseNow(), ...event };
  const path = eventLogPath(context);
  try {
    const file = openSync(path, "a", 0o600);
    try {
      writeSync(file, `${JSON.stringify(recorded)}\n`);
      if (fstatSync(file).size >= fileLimit) rotate(context, path, fstatSync(file).ino);
    } finally {
      closeSync(file);
    }
  } catch {
    // Not there yet, read-only, full: what happened is more important than its telling.
  }
}

/** One process does it, and only to the file that was too long. */
function rotate(context: EngineContext, path: string, inode: number): void {
  using lock = tryLock(join(context.directories.data, "locks"), "events", "exclusive");
  if (lock !== undefined && statSync(path).ino === inode) renameSync(path, `${path}.1`);
}
