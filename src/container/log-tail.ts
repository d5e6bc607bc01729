import type { RotatedLines } from "./rotated-lines.ts";
import { type LogStream, readKind } from "./log-entry.ts";

/** From which position on the entries of a stream belong to the tail. */
export type TailStart = Readonly<Record<LogStream, number>>;

/**
 * Where the last `count` lines begin, found from the end. A line may have several parts, and between them those of the
 * other stream's lines: so each stream has a start of its own.
 */
export function tailStart(lines: RotatedLines, count: number): TailStart {
  const start: Record<LogStream, number> = { stdout: lines.end, stderr: lines.end };
  // Whether the parts before belong to a line that is counted; a stream begins to be known with its last entry.
  const isInside: Record<LogStream, boolean | undefined> = { stdout: undefined, stderr: undefined };
  let counted = 0;
  for (const { bytes, start: at, end, position } of lines.linesBackward()) {
    const kind = readKind(bytes, at, end);
    if (kind === undefined) continue;
    const { stream } = kind;
    if (kind.full || isInside[stream] === undefined) {
      isInside[stream] = counted < count;
      if (isInside[stream]) counted++;
    }
    if (isInside[stream]) start[stream] = position;
    if (counted === count && isInside.stdout !== true && isInside.stderr !== true) break;
  }
  return start;
}
