import { defineCommand } from "../command.ts";
import { objectFormat } from "../flags/format-flag.ts";

export const info = defineCommand({
  usage: "[OPTIONS]",
  description: "Display system-wide information",
  aliases: ["berth system info", "berth info"],
  flags: {
    format: objectFormat,
  },
  words: { min: 0, max: 0 },
  async run({ flags, host, context }) {
    const engine = await import("../../engine/info.ts");
    const facts = await engine.info(context);
    if (flags.format) {
      const { formatObject } = await import("../views/formatted-object.ts");
      host.stdout.write(formatObject(facts, flags.format));
    } else {
      const { infoText } = await import("../views/info-text.ts");
      host.stdout.write(infoText(facts));
    }
    return 0;
  },
});
