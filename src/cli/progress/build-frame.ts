import type { PartState } from "../../engine/build/progress.ts";
import { displayWidth } from "../output/ellipsis.ts";
import { escapeControl } from "../output/escape-control.ts";
import { partSize } from "./part-text.ts";

/** A piece of work of a build, as a screen shows it. Times in milliseconds. */
export interface BuildJob {
  readonly name: string;
  readonly begun: number;
  ended?: number;
  state: "running" | "done" | "cached" | "failed" | "canceled";
  readonly parts: Map<string, BuildPart>;
  /** The last lines of its program's output. */
  readonly tail: { readonly lines: readonly string[] };
}

export interface BuildPart {
  readonly begun: number;
  ended?: number;
  state: PartState;
}

export interface BuildView {
  readonly jobs: readonly BuildJob[];
  /** Pieces of work, those that have not begun included. */
  readonly total: number;
  readonly begun: number;
  readonly now: number;
  /** The last frame: everything, whatever the height. */
  readonly isLast: boolean;
}

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

interface Line {
  readonly text: string;
  readonly running: boolean;
}

const colors: Readonly<Record<BuildJob["state"], string>> = {
  running: "",
  done: "\u001b[34m",
  cached: "\u001b[34m",
  failed: "\u001b[31m",
  canceled: "\u001b[33m",
};
const faint = "\u001b[2m";
const plain = "\u001b[0m";

/**
 * The screen of a build as BuildKit draws it, line by line: `[+] Building 1.2s (3/5)`, every piece of work with its parts
 * and seconds, under those that run the last lines of their output. No line fills the last column, so none wraps.
 */
export function buildFrame(view: BuildView, size: FrameSize): string[] {
  const { jobs, total, begun, now, isLast } = view;
  const completed = jobs.filter(({ state }) => state !== "running").length;
  const finished = isLast && completed > 0 && completed === total ? "FINISHED" : "";
  const title = `[+] Building ${seconds(now - begun)}s (${completed}/${total}) ${finished}`;
  const lines = jobs.flatMap((job) => linesOf(job, now, size, isLast));
  const shown = isLast ? lines : fitting(lines, size.rows - 2);
  return [cut(title.trimEnd(), size.columns - 1), ...shown.map(({ text }) => text)];
}

function linesOf(job: BuildJob, now: number, size: FrameSize, isLast: boolean): Line[] {
  const mark = { running: "", done: "", cached: "CACHED ", failed: "ERROR ", canceled: "CANCELED " }[
    job.state
  ];
  const running = job.state === "running";
  const color = (text: string, code: string) => (size.color && code !== "" ? code + text + plain : text);
  const name = mark + escapeControl(job.name);
  const lines = [{ text: color(aligned(name, "", job, now, size), colors[job.state]), running }];
  for (const [part, { begun, ended, state }] of job.parts) {
    const isOver = ended !== undefined || !running;
    const times = { begun, ended: ended ?? job.ended };
    const text = aligned(`=> ${escapeControl(part)}`, partSize(state), times, now, size);
    lines.push({ text: color(text, isOver ? colors.done : ""), running: !isOver });
  }
  if (running && !isLast)
    for (const line of job.tail.lines)
      lines.push({ text: color(cut(` => => # ${line}`, size.columns - 1), faint), running });
  return lines;
}

/** The name at the left, the seconds at the right, the bytes next to the name if there is room. */
function aligned(
  name: string,
  bytes: string,
  { begun, ended }: { readonly begun: number; readonly ended?: number | undefined },
  now: number,
  { columns }: FrameSize,
): string {
  const timer = `${seconds((ended ?? now) - begun)}s`;
  const room = columns - 1 - " => ".length - timer.length - 1;
  const beside = bytes !== "" && room - bytes.length > 20 ? ` ${bytes}` : "";
  const text = cut(name, room - beside.length) + beside;
  return ` => ${text}${" ".repeat(Math.max(0, room - displayWidth(text)))} ${timer}`;
}

/** What fits into so many lines: first the oldest that are over go, then the oldest. */
function fitting(lines: readonly Line[], limit: number): readonly Line[] {
  let surplus = lines.length - Math.max(0, limit);
  if (surplus <= 0) return lines;
  const kept = lines.filter(({ running }) => running || --surplus < 0);
  return limit > 0 ? kept.slice(-limit) : [];
}

function cut(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += displayWidth(character);
    if (width > columns) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Less than is worth being told is nothing, as in BuildKit. */
function seconds(milliseconds: number): string {
  return (milliseconds < 50 ? 0 : milliseconds / 1000).toFixed(1);
}
