import { defineCommand } from "../command.ts";

export const licenses = defineCommand({
  usage: "",
  description: "Print what is embedded in this executable, and under which licences",
  flags: {},
  words: { min: 0, max: 0 },
  async run({ host }) {
    const text = await (await import("../../engine/licenses.ts")).licenses();
    host.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
    return 0;
  },
});
