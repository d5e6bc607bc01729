import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";

export const pull = defineCommand({
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  description: "Download an image from a registry",
  aliases: ["berth image pull", "berth pull"],
  flags: {
    platform: flag.text("Set platform if the image has several (os/arch[/variant])"),
    quiet: flag.boolean("Suppress verbose output", { short: "q" }),
  },
  notYet: "all-tags:a disable-content-trust",
  words: { min: 1, max: 1 },
  completes: ["image"],
  async run({ flags, words, host, context }) {
    const [{ formatReference, parseReference, withDefaultTag }, { pullLines }, engine] = await Promise.all([
      import("../../oci/reference.ts"),
      import("../pull-lines.ts"),
      import("../../engine/pull.ts"),
    ]);
    const typed = parseReference(words[0]!);
    const reference = withDefaultTag(typed);
    if (!flags.quiet && reference.tag !== typed.tag)
      host.stdout.write(`Using default tag: ${reference.tag}\n`);
    if (context.identity.mode === "single")
      (await import("../../engine/note-single-identity.ts")).noteSingleIdentity(context);
    const lines = pullLines(host.stdout, flags.quiet);
    const result = await interruptible((signal) =>
      engine.pull(context, {
        reference: words[0]!,
        ...(flags.platform ? { platform: flags.platform } : {}),
        onStart: lines.begin,
        onProgress: lines.progress,
        signal,
      }),
    );
    lines.summary(result);
    host.stdout.write(`${formatReference(result.reference)}\n`);
    return 0;
  },
});
