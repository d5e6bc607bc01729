import { defineCommand } from "../command.ts";
import { forEachTold } from "../each.ts";
import { flag } from "../flags/spec.ts";

export const kill = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Kill one or more running containers",
  aliases: ["berth container kill", "berth kill"],
  flags: {
    signal: flag.text("Signal to send to the container", {
      short: "s",
      default: "KILL",
      completes: "signal",
    }),
  },
  words: { min: 1 },
  completes: ["running container"],
  async run({ flags, words, host, context }) {
    const { killContainer } = await import("../../engine/kill-container.ts");
    return forEachTold(words, host, (container) => killContainer(context, container, flags.signal || "KILL"));
  },
});
