import { defineCommand } from "../command.ts";

export const logout = defineCommand({
  usage: "[SERVER]",
  description: "Log out from a registry",
  flags: {},
  words: { min: 0, max: 1 },
  async run({ words, host, context }) {
    const engine = await import("../../engine/login.ts");
    const server = engine.parseLoginServer(words[0]);
    const found = await engine.logout(context, server);
    host.stdout.write(
      found ? `Removing login credentials for ${server.shown}\n` : `Not logged in to ${server.shown}\n`,
    );
    return 0;
  },
});
