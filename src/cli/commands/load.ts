import { BerthError } from "../../base/errors.ts";
import { resolve } from "node:path";
import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";

export const load = defineCommand({
  usage: "[OPTIONS]",
  description: "Load an image from a tar archive or STDIN",
  aliases: ["berth image load", "berth load"],
  flags: {
    input: flag.text("Read from a tar archive file or an OCI layout directory, instead of STDIN", {
      short: "i",
      completes: "file",
    }),
    platform: flag.text("Load only the given platform (os/arch[/variant])"),
    quiet: flag.boolean("Suppress the load output", { short: "q" }),
  },
  words: { min: 0, max: 0 },
  async run({ flags, host, context }) {
    if (!flags.input && host.stdin.isTerminal) {
      throw new BerthError("usage", "requested load from stdin, but stdin is empty", {
        hint: "name an archive with -i, or redirect one to stdin",
      });
    }
    const [{ load: loadImages }, { pullLines }] = await Promise.all([
      import("../../engine/load.ts"),
      import("../pull-lines.ts"),
    ]);
    // Docker shows the layers only to a person; in a pipe the result is all there is.
    const lines = pullLines(host.stdout, flags.quiet || !host.stdout.isTerminal);
    const loaded = await interruptible((signal) =>
      loadImages(context, {
        source: flags.input
          ? { kind: "path", path: resolve(host.workingDirectory, flags.input) }
          : { kind: "stream", stream: host.stdin.stream() },
        ...(flags.platform ? { platform: flags.platform } : {}),
        onProgress: lines.progress,
        signal,
      }),
    );
    for (const { names, imageId, taken } of loaded) {
      for (const { name, from } of taken)
        host.stdout.write(
          `The image ${name} already exists, renaming the old one with ID ${from} to empty string\n`,
        );
      if (names.length === 0) host.stdout.write(`Loaded image ID: ${imageId}\n`);
      for (const name of names) host.stdout.write(`Loaded image: ${name}\n`);
    }
    return 0;
  },
});
