import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-codes.ts";
import { createFlags, loadFurtherFlags, runNotYet } from "../run/run-flags.ts";
import { buildRunOptions } from "../run/run-options.ts";
import { parseAttachOption } from "../run/attach-option.ts";
import { talkingPull } from "../run/talking-pull.ts";

export const create = defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  description: "Create a new container",
  aliases: ["berth container create", "berth create"],
  flags: createFlags,
  furtherFlags: loadFurtherFlags,
  notYet: runNotYet,
  words: { min: 1 },
  flagsFirst: true,
  failureStyle: "run",
  completes: ["image", "file"],
  async run({ flags, further, words, host, context }) {
    const options = await buildRunOptions(flags, further, words, host);
    const attached = parseAttachOption(flags.attach, options.interactive);
    return talkingPull(host, flags.quiet, async (talk) => {
      const { createOnly } = await import("../../engine/run-monitored.ts");
      host.stdout.write(
        `${await createOnly(context, { ...options, stdinOnce: attached.stdin, attached }, talk)}\n`,
      );
      return exitCode.success;
    });
  },
});
