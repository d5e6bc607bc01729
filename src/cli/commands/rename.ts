import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";

export const rename = defineCommand({
  usage: "CONTAINER NEW_NAME",
  description: "Rename a container",
  aliases: ["berth container rename", "berth rename"],
  flags: {},
  words: { min: 2, max: 2 },
  completes: ["container"],
  async run({ words, context }) {
    const { renameContainer } = await import("../../engine/rename-container.ts");
    try {
      renameContainer(context, words[0]!, words[1]!);
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      throw new BerthError(error.code, `failed to rename container: ${error.message}`, { cause: error });
    }
    return 0;
  },
});
