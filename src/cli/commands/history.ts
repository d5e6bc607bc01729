import { defineCommand } from "../command.ts";
import { listFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";
import { historyListing } from "../views/history-listing.ts";
import { printList } from "../views/print-list.ts";

export const history = defineCommand({
  usage: "[OPTIONS] IMAGE",
  description: "Show the history of an image",
  aliases: ["berth image history", "berth history"],
  flags: {
    format: listFormat,
    human: flag.boolean("Print sizes and dates in human readable format", { short: "H", default: true }),
    "no-trunc": flag.boolean("Don't truncate output"),
    quiet: flag.boolean("Only show image IDs", { short: "q" }),
  },
  notYet: "platform",
  words: { min: 1, max: 1 },
  completes: ["image"],
  async run({ flags, words, host, context }) {
    const { imageHistory } = await import("../../engine/history.ts");
    const rows = await imageHistory(context, words[0]!);
    const listing = historyListing({
      human: flags.human,
      truncate: !flags["no-trunc"],
      now: host.now(),
    });
    await printList(host, listing, rows, { format: flags.format ?? "", quiet: flags.quiet });
    return 0;
  },
});
