import { defineCommand } from "../command.ts";
import { forEachTold } from "../each.ts";
import { flag } from "../flags/spec.ts";

/** `stop` and `restart` take the same flags. */
const stopFlags = {
  signal: flag.text("Signal to send to the container", { short: "s", completes: "signal" }),
  timeout: flag.integer("Seconds to wait before killing the container", {
    short: "t",
    hiddenNames: ["time"],
  }),
} as const;

function stopOptions(flags: { readonly signal: string | undefined; readonly timeout: number | undefined }) {
  return {
    ...(flags.signal ? { signal: flags.signal } : {}),
    ...(flags.timeout === undefined ? {} : { timeout: flags.timeout }),
  };
}

export const stop = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Stop one or more running containers",
  aliases: ["berth container stop", "berth stop"],
  flags: stopFlags,
  words: { min: 1 },
  completes: ["running container"],
  async run({ flags, words, host, context }) {
    const { stopContainer } = await import("../../engine/stop-container.ts");
    // All at the same time: each may take as long as its timeout.
    const stopping = words.map((container) => stopContainer(context, container, stopOptions(flags)));
    for (const one of stopping) one.catch(() => undefined); // told below
    return forEachTold(words, host, async (container) => stopping[words.indexOf(container)]);
  },
});

export const restart = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Restart one or more containers",
  aliases: ["berth container restart", "berth restart"],
  flags: stopFlags,
  words: { min: 1 },
  completes: ["container"],
  async run({ flags, words, host, context }) {
    const { restartContainer } = await import("../../engine/restart-container.ts");
    return forEachTold(words, host, (container) => restartContainer(context, container, stopOptions(flags)));
  },
});
