import { humanSizeFine } from "../output/units.ts";

export interface ByteProgress {
  readonly current: number;
  /** Undefined or 0 where the size is not known. */
  readonly total?: number | undefined;
  /** How long this has been going on; undefined leaves out the time left. */
  readonly elapsedMs?: number | undefined;
}

const barCells = 50;
/** Terminals up to this wide get no bar, up to `narrow` no time left (moby jsonmessage). */
const wide = 110;
const narrow = 50;

/**
 * Bar, counts and time left as Docker draws them: `[=====>      ]  1.2MB/3.4MB 5s`. `columns` is the terminal's width.
 * Empty when there is nothing to tell.
 */
export function progressText(progress: ByteProgress, columns: number): string {
  const { current } = progress;
  const total = progress.total ?? 0;
  if (current <= 0 && total <= 0) return "";
  if (total <= 0) return humanSizeFine(current).padStart(8);
  const filled = Math.min(barCells, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const bar = columns > wide ? `[${"=".repeat(filled)}>${" ".repeat(barCells - filled)}] ` : "";
  const counts = humanSizeFine(current).padStart(8) + (current > total ? "" : `/${humanSizeFine(total)}`);
  return bar + counts + (columns > narrow && filled < barCells ? timeLeft(progress, total) : "");
}

function timeLeft({ current, elapsedMs }: ByteProgress, total: number): string {
  if (elapsedMs === undefined || current <= 0) return "";
  return ` ${goSeconds(Math.trunc(((total - current) * (elapsedMs / current)) / 1000))}`;
}

/** Whole seconds as Go prints a duration: `5s`, `1m5s`, `2h0m0s`. */
export function goSeconds(seconds: number): string {
  const hours = Math.trunc(seconds / 3600);
  const minutes = Math.trunc(seconds / 60) % 60;
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
