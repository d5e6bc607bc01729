import { defineCommand } from "../command.ts";
import { forEachTold } from "../each.ts";

export const unpause = defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  description: "Unpause all processes within one or more containers",
  aliases: ["berth container unpause", "berth unpause"],
  flags: {},
  words: { min: 1 },
  completes: ["paused container"],
  async run({ words, host, context }) {
    const { unpauseContainer } = await import("../../engine/pause.ts");
    return forEachTold(words, host, (container) => unpauseContainer(context, container));
  },
});
