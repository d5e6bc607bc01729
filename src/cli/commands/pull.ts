import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { tlsChoice, tlsVerify } from "../flags/tls-flag.ts";
import { interruptible } from "../interruption.ts";

export const pull = defineCommand({
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  description: "Download an image from a registry",
  aliases: ["berth image pull", "berth pull"],
  flags: {
    "all-tags": flag.boolean("Download all tagged images in the repository", { short: "a" }),
    platform: flag.text("Set platform if the image has several (os/arch[/variant])"),
    quiet: flag.boolean("Suppress verbose output", { short: "q" }),
    "tls-verify": tlsVerify,
  },
  notYet: "disable-content-trust",
  words: { min: 1, max: 1 },
  completes: ["image"],
  async run({ flags, given, words, host, context }) {
    const [{ familiarName, formatReference, parseReference, trimReference, withDefaultTag }, engine, lines] =
      await Promise.all([
        import("../../oci/reference.ts"),
        import("../../engine/pull.ts"),
        flags.quiet
          ? undefined
          : import("../pull-lines.ts").then(({ pullLines }) => pullLines(host.stdout, false)),
      ]);
    const typed = parseReference(words[0]!);
    const all = flags["all-tags"];
    const reference = all ? typed : withDefaultTag(typed);
    if (!flags.quiet && reference.tag !== typed.tag)
      host.stdout.write(`Using default tag: ${reference.tag}\n`);
    const options = {
      reference: words[0]!,
      ...(flags.platform ? { platform: flags.platform } : {}),
      ...(lines === undefined ? {} : { onStart: lines.begin, onProgress: lines.progress }),
      ...tlsChoice(flags, given),
    };
    if (!all) {
      const result = await interruptible((signal) => engine.pull(context, { ...options, signal }));
      lines?.summary(result);
      host.stdout.write(`${formatReference(result.reference)}\n`);
      return 0;
    }
    let repository = typed;
    await interruptible(async (signal) => {
      const onSkipped = (tag: string, { message }: Error) => host.warn(`${tag} is skipped: ${message}`);
      let upToDate = true;
      for await (const result of engine.pullAllTags(context, { ...options, signal, onSkipped })) {
        lines?.digest(result);
        repository = trimReference(result.reference);
        upToDate &&= result.upToDate;
      }
      lines?.status(familiarName(repository), upToDate);
    });
    host.stdout.write(`${formatReference(repository)}\n`);
    return 0;
  },
});
