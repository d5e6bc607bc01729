import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { tlsChoice, tlsVerify } from "../flags/tls-flag.ts";
import { interruptible } from "../interruption.ts";

export const push = defineCommand({
  usage: "[OPTIONS] NAME[:TAG]",
  description: "Upload an image to a registry",
  aliases: ["berth image push", "berth push"],
  flags: {
    "all-tags": flag.boolean("Push all tags of an image to the repository", { short: "a" }),
    platform: flag.text("Push only an image for this platform (os/arch[/variant])"),
    quiet: flag.boolean("Suppress verbose output", { short: "q" }),
    "tls-verify": tlsVerify,
  },
  notYet: "disable-content-trust",
  words: { min: 1, max: 1 },
  completes: ["image"],
  async run({ flags, given, words, host, context }) {
    const [{ formatReference, parseReference, repositoryName, withDefaultTag }, progress, engine] =
      await Promise.all([
        import("../../oci/reference.ts"),
        import("../progress/pull-progress.ts"),
        import("../../engine/push.ts"),
      ]);
    const typed = parseReference(words[0]!);
    const reference = flags["all-tags"] ? typed : withDefaultTag(typed);
    if (!flags.quiet && reference.tag !== typed.tag)
      host.stdout.write(`Using default tag: ${reference.tag}\n`);
    const lines = flags.quiet ? undefined : progress.createPullProgress(host.stdout);
    await interruptible((signal) =>
      engine.push(context, {
        reference: words[0]!,
        allTags: flags["all-tags"],
        ...(flags.platform ? { platform: flags.platform } : {}),
        ...tlsChoice(flags, given),
        ...(lines === undefined
          ? {}
          : {
              onStart: (name) => lines.line(`The push refers to repository [${repositoryName(name)}]`),
              onProgress: lines.report,
              onPushed: (done) =>
                lines.line(`${done.reference.tag}: digest: ${done.digest} size: ${done.size}`),
            }),
        signal,
      }),
    );
    if (flags.quiet) host.stdout.write(`${formatReference(reference)}\n`);
    return 0;
  },
});
