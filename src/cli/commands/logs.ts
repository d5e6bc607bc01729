import { parseMoment } from "../../engine/parse-moment.ts";
import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";

const moment = (which: string) =>
  flag.text(
    `Show logs ${which} timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)`,
  );

export const logs = defineCommand({
  usage: "[OPTIONS] CONTAINER",
  description: "Fetch the logs of a container",
  aliases: ["berth container logs", "berth logs"],
  flags: {
    details: flag.boolean("Show extra details provided to logs"),
    follow: flag.boolean("Follow log output", { short: "f" }),
    since: moment("since"),
    tail: flag.text("Number of lines to show from the end of the logs", { short: "n", default: "all" }),
    timestamps: flag.boolean("Show timestamps", { short: "t" }),
    until: moment("before a"),
  },
  words: { min: 1, max: 1 },
  completes: ["container"],
  async run({ flags, words: [container = ""], host, context }) {
    const now = host.now().getTime();
    const tail = tailCount(flags.tail);
    const options = {
      follow: flags.follow,
      timestamps: flags.timestamps,
      details: flags.details,
      ...(flags.since ? { since: parseMoment(flags.since, now) } : {}),
      ...(flags.until ? { until: parseMoment(flags.until, now) } : {}),
      ...(tail === undefined ? {} : { tail }),
    };
    const { readLogs } = await import("../../engine/logs.ts");
    await interruptible((signal) =>
      readLogs(context, container, options, (stream, bytes) => host[stream].write(bytes), signal),
    );
    return 0;
  },
});

/** As in Docker, what is no number, and a negative one, is everything. */
function tailCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\+?\d+$/.test(text) ? Number(text) : undefined;
}
