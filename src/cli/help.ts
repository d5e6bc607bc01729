import { type Command, usageLine } from "./command.ts";
import { renderFlags, wrap } from "./flags/usage.ts";
import { type Group, type LazyCommand, commands, groups } from "./tree.ts";

/** Docker wraps help at the terminal's width, or at 80 columns where there is none. */
const defaultWidth = 80;

/** `berth run --help`. */
export function renderCommandHelp(command: Command, path: string, columns = defaultWidth): string {
  const parts = [
    `Usage:  ${usageLine(command, path)}`,
    command.description
      .split("\n")
      .flatMap((line) => wrap(line, columns - 1))
      .join("\n"),
  ];
  if (command.aliases !== undefined) parts.push(`Aliases:\n  ${command.aliases.join(", ")}`);
  if (Object.keys(command.flags).length > 0)
    parts.push(`Options:\n${renderFlags(command.flags, columns - 1)}`);
  return `${parts.join("\n\n")}\n`;
}

/** `berth image --help`. */
export async function renderGroupHelp(group: Group, path: string): Promise<string> {
  return [
    `Usage:  ${path} COMMAND`,
    group.description,
    `Commands:\n${await commandList(sorted(group.commands))}`,
    `Run '${path} COMMAND --help' for more information on a command.\n`,
  ].join("\n\n");
}

/** What most people need, in Docker's order; the help shows these first. */
const common = "run exec ps build pull push images login logout search version info".split(" ");

/** `berth --help`, and `berth` alone. */
export async function renderRootHelp(): Promise<string> {
  const management = sorted(groups).map(([name, group]) => row(name, group.description));
  const first = common.flatMap((name) => [...commands].filter(([each]) => each === name));
  const others = sorted(commands).filter(([name]) => !common.includes(name));
  return [
    "Usage:  berth [OPTIONS] COMMAND",
    "A rootless, daemonless container engine",
    `Common Commands:\n${await commandList(first)}`,
    `Management Commands:\n${management.join("\n")}`,
    `Commands:\n${await commandList(others)}`,
    "Global Options:\n  -D, --debug     Print the stack of an error (or set BERTH_DEBUG=1)\n" +
      "      --help      Print usage\n" +
      "  -v, --version   Print version information and quit",
    "Environment:\n" +
      "  BERTH_ROOT             Where images and containers are kept (default ~/.local/share/berth)\n" +
      "  BERTH_STORAGE_DRIVER   overlay, fuse-overlayfs or copy (default: the best that works)",
    "Run 'berth COMMAND --help' for more information on a command.\n",
  ].join("\n\n");
}

function sorted<T>(named: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...named].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

async function commandList(list: readonly (readonly [string, LazyCommand])[]): Promise<string> {
  const rows = await Promise.all(
    list.map(async ([name, load]) => row(name, (await load()).description.split("\n")[0]!)),
  );
  return rows.join("\n");
}

const row = (name: string, description: string) => `  ${name.padEnd(11)} ${description}`;
