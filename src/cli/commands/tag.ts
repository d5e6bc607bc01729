import { defineCommand } from "../command.ts";

export const tag = defineCommand({
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  description: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  aliases: ["berth image tag", "berth tag"],
  flags: {},
  words: { min: 2, max: 2 },
  completes: ["image"],
  async run({ words, context }) {
    const { tagImage } = await import("../../engine/tag.ts");
    await tagImage(context, words[0]!, words[1]!);
    return 0;
  },
});
