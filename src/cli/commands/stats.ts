import type { ContainerStats } from "../../engine/stats.ts";
import { defineCommand } from "../command.ts";
import { listFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";
import { formatRows } from "../output/format-rows.ts";
import { printList } from "../views/print-list.ts";
import { statsListing } from "../views/stats-listing.ts";

/** Milliseconds between two samples: CPU time is told in steps of 10. */
const interval = 500;

export const stats = defineCommand({
  usage: "[OPTIONS] [CONTAINER...]",
  description: "Display a live stream of container(s) resource usage statistics",
  aliases: ["berth container stats", "berth stats"],
  flags: {
    all: flag.boolean("Show all containers (default shows just running)", { short: "a" }),
    format: listFormat,
    "no-stream": flag.boolean("Disable streaming stats and only pull the first result"),
    "no-trunc": flag.boolean("Do not truncate output"),
  },
  words: { min: 0 },
  completes: ["running container"],
  async run({ flags, words, host, context }) {
    const { StatsReader } = await import("../../engine/stats.ts");
    const reader = new StatsReader(context, { containers: words, all: flags.all });
    const listing = statsListing({ truncate: !flags["no-trunc"] });
    const format = flags.format ?? "";
    return interruptible(async (signal) => {
      await reader.next();
      for (;;) {
        await pause(signal);
        const rows = await reader.next();
        const note = sourceNote(rows);
        if (flags["no-stream"]) {
          if (rows.length > 0) await printList(host, listing, rows, { format, quiet: false });
          if (host.stderr.isTerminal) host.stderr.write(note);
          return 0;
        }
        const text = formatRows(listing, rows, format === "table" ? "" : format);
        host.stdout.write(host.stdout.isTerminal ? frame(`${text}\n${note}`) : text);
        if (rows.length === 0 && words.length > 0) return 0;
      }
    });
  },
});

/** A person should know what was counted; who reads from a pipe did not ask. */
function sourceNote(rows: readonly ContainerStats[]): string {
  return rows.some(({ source }) => source === "processes")
    ? "Without a cgroup of its own, what a container uses is the sum over its processes.\n"
    : "";
}

/** Over the last frame, from the top: shorter lines and fewer rows leave nothing behind. */
function frame(text: string): string {
  return `\x1b[H${text.replaceAll("\n", "\x1b[K\n")}\x1b[J`;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, interval);
    signal.addEventListener("abort", abort, { once: true });
  });
}
