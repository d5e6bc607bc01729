import { defineCommand } from "../command.ts";
import { forEach } from "../each.ts";
import { interruptible } from "../interruption.ts";

export const wait = defineCommand({
  usage: "CONTAINER [CONTAINER...]",
  description: "Block until one or more containers stop, then print their exit codes",
  aliases: ["berth container wait", "berth wait"],
  flags: {},
  words: { min: 1 },
  completes: ["container"],
  async run({ words, host, context }) {
    const { waitForContainer } = await import("../../engine/wait-container.ts");
    return interruptible((signal) =>
      forEach(words, host, async (container) => {
        const exitCode = await waitForContainer(context, container, signal);
        signal.throwIfAborted();
        host.stdout.write(`${exitCode ?? 0}\n`);
      }),
    );
  },
});
