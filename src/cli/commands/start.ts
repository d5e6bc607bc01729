import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { forEachTold } from "../each.ts";
import { exitCode } from "../exit-codes.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";
import { detachKeysFrom } from "../run/detach-keys-option.ts";

export const start = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Start one or more stopped containers",
  aliases: ["berth container start", "berth start"],
  flags: {
    attach: flag.boolean("Attach STDOUT/STDERR and forward signals", { short: "a" }),
    "detach-keys": flag.text("Override the key sequence for detaching a container"),
    interactive: flag.boolean("Attach container's STDIN", { short: "i" }),
  },
  notYet: "checkpoint checkpoint-dir",
  words: { min: 1 },
  completes: ["stopped container"],
  async run({ flags, words, host, context }) {
    const detachKeys = detachKeysFrom(flags["detach-keys"], host.env);
    if (!flags.attach && !flags.interactive) {
      const { startContainer } = await import("../../engine/start-container.ts");
      return forEachTold(words, host, (container) => startContainer(context, container));
    }
    if (words.length > 1)
      throw new BerthError("usage", "you cannot start and attach multiple containers at once");
    const { startAttached } = await import("../../engine/attach-container.ts");
    return interruptible(async (signal) => {
      const end = await startAttached(context, words[0]!, {
        input: flags.interactive,
        proxy: true,
        detachKeys,
        signal,
      });
      return end.kind === "exited" ? end.exitCode : exitCode.success;
    });
  },
});
