import { defineCommand } from "../command.ts";

export const port = defineCommand({
  usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  description: "List port mappings or a specific mapping for the container",
  aliases: ["berth container port", "berth port"],
  flags: {},
  words: { min: 1, max: 2 },
  completes: ["container"],
  async run({ words, host, context }) {
    const { containerPorts } = await import("../../engine/port.ts");
    for (const line of await containerPorts(context, words[0]!, words[1])) host.stdout.write(`${line}\n`);
    return 0;
  },
});
