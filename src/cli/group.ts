import { defineCommand, runCommand, type SubCommandsDef } from "citty";
import type { Command } from "./command.ts";
import type { Group } from "./tree.ts";

/**
 * Lets citty find and load the subcommand that `words` begin with; `call` gets it with the words after its name.
 * The caller has checked that the name exists and that no flag stands before it.
 */
export async function runInGroup(
  group: Group,
  words: readonly string[],
  call: (command: Command, rest: readonly string[]) => Promise<number>,
): Promise<number> {
  let status: number | undefined;
  // citty asks `name in subCommands`: without a prototype, `constructor` is no command.
  const subCommands: SubCommandsDef = Object.create(null);
  for (const name of [...group.commands.keys(), ...group.aliases.keys()]) {
    const load = group.commands.get(group.aliases.get(name) ?? name)!;
    subCommands[name] = async () => {
      const command = await load();
      return defineCommand({
        meta: { name, description: command.description },
        run: async ({ rawArgs }) => {
          status = await call(command, rawArgs);
        },
      });
    };
  }
  await runCommand(defineCommand({ subCommands }), { rawArgs: [...words] });
  if (status === undefined) throw new Error(`no command was run for ${words.join(" ")}`);
  return status;
}
