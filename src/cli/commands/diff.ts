import { defineCommand } from "../command.ts";
import { escapeControl } from "../output/escape-control.ts";

const letters = { added: "A", changed: "C", deleted: "D" } as const;

export const diff = defineCommand({
  usage: "CONTAINER",
  description: "Inspect changes to files or directories on a container's filesystem",
  aliases: ["berth container diff", "berth diff"],
  flags: {},
  words: { min: 1, max: 1 },
  completes: ["container"],
  async run({ words, host, context }) {
    const { containerChanges } = await import("../../engine/diff.ts");
    for (const { kind, path } of await containerChanges(context, words[0]!)) {
      const line = Buffer.from(`${letters[kind]} /${path}`, "latin1");
      // To a program the bytes of the name, whatever their encoding.
      if (host.stdout.isTerminal) host.stdout.write(`${escapeControl(line.toString())}\n`);
      else host.stdout.write(Buffer.concat([line, Buffer.from("\n")]));
    }
    return 0;
  },
});
