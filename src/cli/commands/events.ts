import { parseMoment } from "../../engine/parse-moment.ts";
import { defineCommand } from "../command.ts";
import { ExitError, exitCode } from "../exit-codes.ts";
import { objectFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { interruptible } from "../interruption.ts";
import { isTemplateError } from "../output/template/template-error.ts";
import { eventText } from "../views/event-text.ts";

export const events = defineCommand({
  usage: "[OPTIONS]",
  description: "Get real time events",
  aliases: ["berth system events", "berth events"],
  flags: {
    filter: filterFlag("Filter output based on conditions provided", { short: "f" }),
    format: flag.text(objectFormat.description),
    since: flag.text("Show all events created since timestamp"),
    until: flag.text("Stream events until this timestamp"),
  },
  words: { min: 0, max: 0 },
  async run({ flags, host, context }) {
    let text: ReturnType<typeof eventText>;
    try {
      text = eventText(flags.format ?? "");
    } catch (error) {
      throw isTemplateError(error) ? new ExitError(exitCode.template, error) : error;
    }
    const now = host.now().getTime();
    const options = {
      filters: flags.filter,
      ...(flags.since ? { since: parseMoment(flags.since, now) } : {}),
      ...(flags.until ? { until: parseMoment(flags.until, now) } : {}),
    };
    const { readEvents } = await import("../../engine/read-events.ts");
    await interruptible((signal) =>
      readEvents(context, options, (event) => host.stdout.write(text(event)), signal),
    );
    return 0;
  },
});
