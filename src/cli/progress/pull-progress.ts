import type { ProgressListener, TransferProgress } from "../../oci/transport.ts";
import type { Output } from "../host.ts";
import { LineBlock } from "./line-block.ts";
import { progressText } from "./progress-text.ts";

export interface PullProgress {
  readonly report: ProgressListener;
  /** Writes a line of its own; what is reported afterwards begins a new block below it. */
  line(text: string): void;
}

/** A terminal is redrawn no more often for one line; the last count of a line is followed by a status anyway. */
const redrawMs = 80;
/** Before this, the time left is a guess from nothing. */
const estimateAfterMs = 1000;
const assumedColumns = 80;

/**
 * Shows transfers as `docker pull` does: on a terminal one line per object with bar and counts, rewritten in place; in a pipe
 * one line for each status that an object reaches, without byte counts. Needs no end: the cursor is always below.
 */
export function createPullProgress(
  output: Output,
  now: () => number = () => performance.now(),
): PullProgress {
  const show = output.isTerminal ? terminalLines(output, now) : plainLines(output);
  return {
    report: show.report,
    line(text) {
      show.close();
      output.write(`${text}\n`);
    },
  };
}

interface Shower {
  readonly report: ProgressListener;
  readonly close: () => void;
}

function plainLines(output: Output): Shower {
  const shown = new Map<string, string>();
  return {
    report(progress) {
      if (progress.kind === "bytes") return;
      // A countdown is one status: only its first line is news.
      const status = progress.status.replace(/^(Retrying) in .*/, "$1");
      if (shown.get(progress.id) === status) return;
      shown.set(progress.id, status);
      output.write(`${progress.id}: ${progress.status}\n`);
    },
    close() {},
  };
}

interface LineState {
  status: string;
  startedAt: number;
  drawnAt: number;
}

function terminalLines(output: Output, now: () => number): Shower {
  const block = new LineBlock();
  const lines = new Map<string, LineState>();
  return {
    report(progress) {
      const at = now();
      const line = lines.get(progress.id);
      const same = line !== undefined && line.status === progress.status;
      if (same && (progress.kind === "status" || at - line.drawnAt < redrawMs)) return;
      const startedAt = same ? line.startedAt : at;
      lines.set(progress.id, { status: progress.status, startedAt, drawnAt: at });
      const columns = output.columns ?? assumedColumns;
      output.write(block.update(progress.id, lineText(progress, at - startedAt, columns), columns));
    },
    close: () => block.close(),
  };
}

function lineText(progress: TransferProgress, elapsedMs: number, columns: number): string {
  const begin = `${progress.id}: ${progress.status}`;
  if (progress.kind === "status") return begin;
  const { current, total } = progress;
  const text = progressText(
    { current, total, elapsedMs: elapsedMs >= estimateAfterMs ? elapsedMs : undefined },
    columns,
  );
  return `${begin} ${text}`.trimEnd();
}
