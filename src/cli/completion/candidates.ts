import { constants } from "node:os";
import { EngineContext } from "../../engine/context.ts";
import type { ContainerStatus } from "../../store/types.ts";
import { type Command, withAllFlags } from "../command.ts";
import type { CompletionKind, FlagSpec } from "../flags/spec.ts";
import type { Host } from "../host.ts";
import { commands, groups, type LazyCommand } from "../tree.ts";

/** The shell completes names of files itself when it sees this line. */
export const fileDirective = ":file";

/** What there is; replaced in tests. */
export interface Inventory {
  readonly images: () => Promise<readonly string[]>;
  /** In one of these states, or all. */
  readonly containers: (states?: readonly ContainerStatus[]) => Promise<readonly string[]>;
  readonly volumes: () => Promise<readonly string[]>;
  readonly networks: () => Promise<readonly string[]>;
}

/**
 * The answer of `berth __complete WORD… CURRENT`, which the completion scripts ask: one candidate per line, with a
 * description after a tab where there is one. `words` are those after `berth`; the last one is being typed and may be
 * empty. Never fails: a completion that cannot be made is no completion.
 */
export async function complete(
  words: readonly string[],
  host: Host,
  inventory: Inventory = engineInventory(host),
): Promise<readonly string[]> {
  const current = words.at(-1) ?? "";
  const before = words
    .slice(0, -1)
    .filter((word, index) => index > 0 || (word !== "-D" && word !== "--debug"));
  const found = await locate(before[0] === "help" ? before.slice(1) : before);
  if (found.kind === "none") return [];
  if (found.kind === "names") {
    const described = await Promise.all(found.names.map(describe));
    if (before.length === 0) described.push("help\tPrint usage");
    const flags = before.length === 0 ? ["--debug", "--help", "--version"] : ["--help"];
    return matching(current.startsWith("-") ? flags : described, current);
  }
  const candidates = await candidatesFor(found.command, found.rest, current, inventory);
  return candidates.includes(fileDirective) ? candidates : matching(candidates, current);
}

type Located =
  | { readonly kind: "none" }
  | { readonly kind: "names"; readonly names: ReadonlyArray<readonly [string, LazyCommand | string]> }
  | { readonly kind: "command"; readonly command: Command; readonly rest: readonly string[] };

async function locate([first, second, ...rest]: readonly string[]): Promise<Located> {
  if (first === undefined)
    return {
      kind: "names",
      names: [...commands, ...[...groups].map(([name, group]) => [name, group.description] as const)],
    };
  const direct = commands.get(first);
  if (direct !== undefined)
    return {
      kind: "command",
      command: await withAllFlags(await direct()),
      rest: second === undefined ? [] : [second, ...rest],
    };
  const group = groups.get(first);
  if (group === undefined) return { kind: "none" };
  if (second === undefined) return { kind: "names", names: [...group.commands] };
  const load = group.commands.get(group.aliases.get(second) ?? second);
  return load === undefined
    ? { kind: "none" }
    : { kind: "command", command: await withAllFlags(await load()), rest };
}

async function describe([name, what]: readonly [string, LazyCommand | string]): Promise<string> {
  const text = typeof what === "string" ? what : (await what()).description;
  return `${name}\t${text.split("\n")[0]}`;
}

const matching = (candidates: readonly string[], current: string) =>
  candidates.filter((candidate) => candidate.startsWith(current));

async function candidatesFor(
  command: Command,
  words: readonly string[],
  current: string,
  inventory: Inventory,
): Promise<readonly string[]> {
  const { awaiting, position, flagsOver } = walk(command, words);
  if (awaiting !== undefined) return valuesOf(awaiting.completes, inventory);
  if (current.startsWith("-") && !flagsOver) {
    const equals = current.indexOf("=");
    const spec = equals === -1 ? undefined : flagNamed(command, current.slice(2, equals));
    if (spec !== undefined) {
      const values = await valuesOf(spec.completes, inventory);
      return values.includes(fileDirective)
        ? values
        : values.map((value) => current.slice(0, equals + 1) + value);
    }
    return [
      ...Object.entries(command.flags).map(([name, each]) => `--${name}\t${each.description.split("\n")[0]}`),
      "--help\tPrint usage",
    ];
  }
  const { max } = command.words;
  if (max !== undefined && position >= max) return [];
  const kinds = command.completes ?? [];
  return valuesOf(kinds[position] ?? (max === undefined ? kinds.at(-1) : undefined), inventory);
}

/** Which flag waits for its value after `words`, and how many positional words there were. */
function walk(command: Command, words: readonly string[]) {
  let awaiting: FlagSpec | undefined;
  let position = 0;
  let flagsOver = false;
  for (const word of words) {
    if (awaiting !== undefined) awaiting = undefined;
    else if (flagsOver || word === "-" || !word.startsWith("-")) {
      position++;
      flagsOver ||= command.flagsFirst === true;
    } else if (word === "--") flagsOver = true;
    else if (!word.includes("=")) {
      const spec = word.startsWith("--")
        ? flagNamed(command, word.slice(2))
        : flagOfLetters(command, word.slice(1));
      if (spec !== undefined && spec.kind !== "boolean") awaiting = spec;
    }
  }
  return { awaiting, position, flagsOver };
}

function flagNamed(command: Command, name: string): FlagSpec | undefined {
  return Object.hasOwn(command.flags, name)
    ? command.flags[name]
    : Object.values(command.flags).find((spec) => spec.hiddenNames?.includes(name));
}

/** In `-ite` the last letter's flag takes the next word; in `-eA` the value is there already. */
function flagOfLetters(command: Command, letters: string): FlagSpec | undefined {
  for (const [index, letter] of [...letters].entries()) {
    const spec = Object.values(command.flags).find((each) => each.short === letter);
    if (spec === undefined) return undefined;
    if (spec.kind !== "boolean") return index === letters.length - 1 ? spec : undefined;
  }
  return undefined;
}

async function valuesOf(kind: CompletionKind | undefined, inventory: Inventory): Promise<readonly string[]> {
  if (kind === undefined) return [];
  switch (kind) {
    case "file":
      return [fileDirective];
    case "image":
      return inventory.images();
    case "container":
      return inventory.containers();
    case "running container":
      return inventory.containers(["running"]);
    case "stopped container":
      return inventory.containers(["created", "exited"]);
    case "paused container":
      return inventory.containers(["paused"]);
    case "volume":
      return inventory.volumes();
    case "network":
      return inventory.networks();
    case "network mode":
      return ["slirp4netns", "pasta", ...(await inventory.networks())];
    case "object":
      return [
        ...(await inventory.containers()),
        ...(await inventory.images()),
        ...(await inventory.volumes()),
        ...(await inventory.networks()),
      ];
    case "signal":
      return Object.keys(constants.signals).toSorted();
    default:
      return kind;
  }
}

function engineInventory(host: Host): Inventory {
  const context = new EngineContext(host.env, () => {});
  return {
    images: () =>
      quietly(async () => {
        const { listImages } = await import("../../engine/images.ts");
        const images = await listImages(context, { all: false, filters: [] });
        return images.flatMap(({ repository, tag }) =>
          repository === undefined ? [] : [tag === undefined ? repository : `${repository}:${tag}`],
        );
      }),
    volumes: () =>
      quietly(async () => {
        const { listVolumes } = await import("../../engine/volumes.ts");
        return (await listVolumes(context, [])).map(({ name }) => name);
      }),
    networks: () =>
      quietly(async () => {
        const { listNetworks } = await import("../../engine/network/show-networks.ts");
        return listNetworks(context, []).map(({ name }) => name);
      }),
    containers: (states) =>
      quietly(async () => {
        const { listContainers } = await import("../../engine/containers.ts");
        const containers = await listContainers(context, { all: true, filters: [], size: false });
        return containers
          .filter(({ status }) => states === undefined || states.includes(status))
          .map(({ name }) => name);
      }),
  };
}

async function quietly(list: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return [...new Set(await list())];
  } catch {
    return []; // a person who presses the tab key did not ask for an error
  }
}
