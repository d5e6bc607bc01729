import { resolve } from "node:path";
import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";

const formats = ["docker-archive", "oci-archive"] as const;

export const save = defineCommand({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  description: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  aliases: ["berth image save", "berth save"],
  flags: {
    format: flag.text("Form of the archive (docker-archive, oci-archive)", {
      default: "docker-archive",
      completes: formats,
      check(value) {
        if (!formats.some((known) => known === value))
          throw new Error(`must be one of ${formats.join(", ")}`);
      },
    }),
    output: flag.text("Write to a file, instead of STDOUT", { short: "o", completes: "file" }),
  },
  notYet: "platform",
  words: { min: 1 },
  completes: ["image"],
  async run({ flags, words, host, context }) {
    const { output } = flags;
    if (!output && host.stdout.isTerminal) {
      throw new BerthError("usage", "cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }
    const format = formats.find((known) => known === flags.format) ?? "docker-archive";
    const [engine, { openOutputFile }] = await Promise.all([
      import("../../engine/save.ts"),
      import("../output/output-file.ts"),
    ]);
    await interruptible(async (signal) => {
      const bytes = engine.save(context, { images: words, format, signal });
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
