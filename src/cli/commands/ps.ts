import { defineCommand } from "../command.ts";
import { listFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { containerListing } from "../views/container-listing.ts";
import { printList } from "../views/print-list.ts";

export const ps = defineCommand({
  usage: "[OPTIONS]",
  description: "List containers",
  aliases: ["berth container ls", "berth container list", "berth container ps", "berth ps"],
  flags: {
    all: flag.boolean("Show all containers (default shows just running)", { short: "a" }),
    filter: filterFlag("Filter output based on conditions provided", { short: "f" }),
    format: listFormat,
    last: flag.integer("Show n last created containers (includes all states)", { short: "n", default: -1 }),
    latest: flag.boolean("Show the latest created container (includes all states)", { short: "l" }),
    "no-trunc": flag.boolean("Don't truncate output"),
    quiet: flag.boolean("Only display container IDs", { short: "q" }),
    size: flag.boolean("Display total file sizes", { short: "s" }),
  },
  words: { min: 0, max: 0 },
  async run({ flags, host, context }) {
    const format = flags.format ?? "";
    const last = flags.latest && (flags.last ?? -1) < 0 ? 1 : (flags.last ?? -1);
    const { listContainers } = await import("../../engine/containers.ts");
    const containers = await listContainers(context, {
      all: flags.all,
      filters: flags.filter,
      // A template may ask for it without the flag.
      size: flags.size || /\.Size\b/.test(format),
      ...(last > 0 ? { last } : {}),
    });
    if (flags.quiet && format !== "")
      host.warn("Ignoring custom format, because both --format and --quiet are set.");
    const listing = containerListing({
      size: flags.size,
      truncate: !flags["no-trunc"],
      now: host.now(),
    });
    await printList(host, listing, containers, {
      format: flags.quiet && format !== "raw" ? "" : format,
      quiet: flags.quiet,
    });
    return 0;
  },
});
