import { defineCommand } from "../command.ts";
import { forEachTold } from "../each.ts";

export const pause = defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  description: "Pause all processes within one or more containers",
  aliases: ["berth container pause", "berth pause"],
  flags: {},
  words: { min: 1 },
  completes: ["running container"],
  async run({ words, host, context }) {
    const { pauseContainer } = await import("../../engine/pause.ts");
    return forEachTold(words, host, (container) => pauseContainer(context, container));
  },
});
