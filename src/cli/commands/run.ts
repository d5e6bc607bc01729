import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { ExitError, exitCode } from "../exit-codes.ts";
import { interruptible } from "../interruption.ts";
import { runFlags, runNotYet } from "../run/run-flags.ts";
import { buildRunOptions } from "../run/run-options.ts";
import { lazyPullLines } from "../run/lazy-pull-lines.ts";

export const run = defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  description: "Create and run a new container from an image",
  aliases: ["berth container run", "berth run"],
  flags: runFlags,
  notYet: runNotYet,
  words: { min: 1 },
  flagsFirst: true,
  failureStyle: "run",
  completes: ["image", "file"],
  async run({ flags, words, host, context }) {
    const options = buildRunOptions(flags, words, host);
    if (options.terminal && options.interactive && !host.stdin.isTerminal) {
      const text = "cannot attach stdin to a TTY-enabled container because stdin is not a terminal";
      throw new ExitError(exitCode.failure, new BerthError("usage", text, { hint: "leave out -t" }));
    }
    if (context.identity.mode === "single")
      (await import("../../engine/note-single-identity.ts")).noteSingleIdentity(context);
    const { runContainer } = await import("../../engine/run.ts");
    // All talk about the pull goes to stderr: stdout belongs to the container.
    const lines = lazyPullLines(host.stderr, flags.quiet);
    return interruptible(async (signal) => {
      try {
        return await runContainer(context, options, {
          onMissingImage: (familiar) => host.stderr.write(`Unable to find image '${familiar}' locally\n`),
          onPullStart: lines.begin,
          onProgress: lines.progress,
          onPulled: lines.summary,
          signal,
        });
      } finally {
        await lines.settled();
      }
    });
  },
});
