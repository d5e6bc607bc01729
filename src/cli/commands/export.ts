import { resolve } from "node:path";
import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";

export const exportCommand = defineCommand({
  usage: "[OPTIONS] CONTAINER",
  description: "Export a container's filesystem as a tar archive",
  aliases: ["berth container export", "berth export"],
  flags: {
    output: flag.text("Write to a file, instead of STDOUT", { short: "o", completes: "file" }),
  },
  words: { min: 1, max: 1 },
  completes: ["container"],
  async run({ flags, words, host, context }) {
    const { output } = flags;
    if (!output && host.stdout.isTerminal) {
      throw new BerthError("usage", "cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }
    const [{ exportContainer }, { openOutputFile }] = await Promise.all([
      import("../../engine/export.ts"),
      import("../output/output-file.ts"),
    ]);
    await interruptible(async (signal) => {
      const bytes = exportContainer(context, words[0]!, signal);
      if (!output) {
        for await (const chunk of bytes) host.stdout.write(chunk);
        return;
      }
      using file = openOutputFile(resolve(host.workingDirectory, output));
      for await (const chunk of bytes) file.write(chunk);
      file.commit();
    });
    return 0;
  },
});
