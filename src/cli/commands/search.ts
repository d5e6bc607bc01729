import { defineCommand } from "../command.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { listFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";
import { tlsChoice, tlsVerify } from "../flags/tls-flag.ts";
import { interruptible } from "../interruption.ts";
import { printList } from "../views/print-list.ts";
import { searchListing } from "../views/search-listing.ts";

export const search = defineCommand({
  usage: "[OPTIONS] TERM",
  description: "Search Docker Hub, or the registry before a slash, for images",
  flags: {
    filter: filterFlag("Filter output based on conditions provided", { short: "f" }),
    format: listFormat,
    limit: flag.integer("Max number of search results"),
    "no-trunc": flag.boolean("Don't truncate output"),
    "tls-verify": tlsVerify,
  },
  words: { min: 1, max: 1 },
  async run({ flags, given, words, host, context }) {
    const { searchImages } = await import("../../engine/search.ts");
    const { filter: filters, limit, format = "" } = flags;
    const found = await interruptible((signal) =>
      searchImages(context, words[0]!, {
        ...tlsChoice(flags, given),
        ...(limit === undefined ? {} : { limit }),
        filters,
        signal,
      }),
    );
    const listing = searchListing({ truncate: !flags["no-trunc"], words: format === "json" });
    await printList(host, listing, found, { format, quiet: false });
    return 0;
  },
});
