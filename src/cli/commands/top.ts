import { defineCommand } from "../command.ts";
import { escapeControl } from "../output/escape-control.ts";
import { alignColumns } from "../output/tabwriter.ts";

/** docker/cli container/top.go */
const narrowest = 20;

export const top = defineCommand({
  usage: "CONTAINER [ps OPTIONS]",
  description: "Display the running processes of a container",
  aliases: ["berth container top", "berth top"],
  flags: {},
  words: { min: 1 },
  flagsFirst: true,
  completes: ["container", []],
  async run({ words, host, context }) {
    const [container = "", ...options] = words;
    const { listProcesses } = await import("../../engine/top.ts");
    const { titles, processes } = await listProcesses(context, container, options);
    const lines = [titles, ...processes].map((cells) => `${cells.map(escapeControl).join("\t")}\n`);
    host.stdout.write(alignColumns(lines.join(""), narrowest));
    return 0;
  },
});
