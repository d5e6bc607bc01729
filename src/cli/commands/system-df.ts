import { defineCommand } from "../command.ts";
import { listFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";

export const systemDf = defineCommand({
  usage: "[OPTIONS]",
  description: "Show berth's disk usage",
  flags: {
    format: listFormat,
    verbose: flag.boolean("Show detailed information on space usage", { short: "v" }),
  },
  words: { min: 0, max: 0 },
  async run({ flags, host, context }) {
    const { diskUsage } = await import("../../engine/disk-usage.ts");
    const view = await import("../views/disk-usage-listing.ts");
    const usage = await diskUsage(context);
    const format = flags.format ?? "";
    host.stdout.write(
      flags.verbose
        ? view.verboseDiskUsageText(usage, format, host.now())
        : view.diskUsageText(usage, format),
    );
    return 0;
  },
});
