import { defineCommand } from "../command.ts";

export const licenses = defineCommand({
  usage: "",
  description: "Print what is embedded in this executable, and under which licences",
  flags: {},
  words: { min: 0, max: 0 },
  async run({ host }) {
    const text = await (await import("../../engine/licenses.ts")).licenses();
    const whole = text.endsWith("\n") ? text : `${text}\n`;
    if (host.stdout.isTerminal) {
      const { drawLicenses } = await import("../views/license-table.ts");
      host.stdout.write(await drawLicenses(whole, host.stdout.columns));
    } else host.stdout.write(whole);
    return 0;
  },
});
