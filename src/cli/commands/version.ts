import { defineCommand } from "../command.ts";
import { objectFormat } from "../flags/format-flag.ts";

export const version = defineCommand({
  usage: "[OPTIONS]",
  description: "Show the berth version information",
  flags: {
    format: objectFormat,
  },
  words: { min: 0, max: 0 },
  async run({ flags, host }) {
    const facts = (await import("../../engine/version.ts")).version();
    if (flags.format) {
      const { formatObject } = await import("../views/formatted-object.ts");
      host.stdout.write(formatObject(facts, flags.format));
    } else {
      const { versionText } = await import("../views/version-text.ts");
      host.stdout.write(versionText(facts));
    }
    return 0;
  },
});
