import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";

export const commit = defineCommand({
  usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  description: "Create a new image from a container's changes",
  aliases: ["berth container commit", "berth commit"],
  flags: {
    author: flag.text('Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")', { short: "a" }),
    change: flag.list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: flag.text("Commit message", { short: "m" }),
    "no-pause": flag.boolean("Disable pausing container during commit"),
    pause: flag.boolean("Pause container during commit (use --no-pause instead)", {
      short: "p",
      default: true,
    }),
  },
  words: { min: 1, max: 2 },
  flagsFirst: true,
  completes: ["container", "image"],
  async run({ flags, given, words, host, context }) {
    if (given.has("pause") && given.has("no-pause")) {
      throw new BerthError("usage", "conflicting options: --no-pause and --pause cannot be used together");
    }
    const [container, name] = words;
    const { commitContainer } = await import("../../engine/commit.ts");
    const id = await interruptible((signal) =>
      commitContainer(context, container!, {
        ...(name === undefined ? {} : { name }),
        author: flags.author ?? "",
        message: flags.message ?? "",
        changes: flags.change,
        pause: flags.pause && !flags["no-pause"],
        signal,
      }),
    );
    host.stdout.write(`${id}\n`);
    return 0;
  },
});
