import { defineCommand } from "../command.ts";
import { tlsChoice, tlsVerify } from "../flags/tls-flag.ts";
import { interruptible } from "../interruption.ts";

export const tags = defineCommand({
  usage: "REPOSITORY",
  description: "List the tags that a repository has at its registry",
  flags: { "tls-verify": tlsVerify },
  words: { min: 1, max: 1 },
  completes: ["image"],
  async run({ flags, given, words, host, context }) {
    const { listTags } = await import("../../engine/list-tags.ts");
    const found = await interruptible((signal) =>
      listTags(context, words[0]!, { ...tlsChoice(flags, given), signal }),
    );
    host.stdout.write(found.map((tag) => `${tag}\n`).join(""));
    return 0;
  },
});
