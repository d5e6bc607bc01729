import { BerthError, isBerthError } from "../../base/errors.ts";
import type { EngineContext } from "../../engine/context.ts";
import { defineCommand } from "../command.ts";
import { ExitError, exitCode } from "../exit-codes.ts";
import { objectFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";
import type { Host } from "../host.ts";
import { escapeControl } from "../output/escape-control.ts";
import { isTemplateError } from "../output/template/template-error.ts";
import { type InspectedObject, inspection } from "../views/inspection.ts";

const sizeFlag = flag.boolean("Display total file sizes if the type is container", { short: "s" });
const typeFlag = flag.text("Only inspect objects of the given type", {
  completes: ["container", "image", "volume", "network"],
});

type Finder = (context: EngineContext, name: string, size: boolean) => Promise<InspectedObject>;

const container: Finder = async (context, name, size) =>
  (await import("../../engine/inspect-container.ts")).inspectContainer(context, name, size);

const image: Finder = async (context, name) =>
  (await import("../../engine/inspect-image.ts")).inspectImage(context, name);

const volume: Finder = async (context, name) =>
  (await import("../../engine/volumes.ts")).inspectVolume(context, name);

const network: Finder = async (context, name) =>
  (await import("../../engine/network/show-networks.ts")).inspectNetwork(context, name);

/** A container of that name wins over an image, and that over volumes and networks. */
const anything: Finder = async (context, name, size) => {
  for (const find of [container, image, volume, network]) {
    try {
      return await find(context, name, size);
    } catch (error) {
      // A word that cannot be a reference is the name of nothing.
      if (!isBerthError(error, "not-found", "invalid-reference")) throw error;
    }
  }
  throw new NoSuchObject(name);
};

/** Docker says this without telling who speaks. */
class NoSuchObject extends BerthError {
  constructor(name: string) {
    super("not-found", `error: no such object: ${name}`);
  }
}

interface Request {
  readonly names: readonly string[];
  readonly format: string;
  readonly size: boolean;
  readonly host: Host;
  readonly context: EngineContext;
}

/** Prints what there is, then says what there is not; 64 for a template that cannot be parsed or used. */
async function inspectWith(find: Finder, { names, format, size, host, context }: Request): Promise<number> {
  let shown: ReturnType<typeof inspection>;
  try {
    shown = inspection(format);
  } catch (error) {
    throw new ExitError(exitCode.template, error);
  }
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      shown.add(await find(context, name, size));
    } catch (error) {
      failures.push(error);
    }
  }
  host.stdout.write(shown.text());
  if (failures.length === 0) return exitCode.success;
  const { reportFailure } = await import("../diagnostics.ts");
  for (const failure of failures) {
    if (failure instanceof NoSuchObject) host.stderr.write(`${escapeControl(failure.message)}\n`);
    else reportFailure(host, failure, { debug: host.env.BERTH_DEBUG === "1" });
  }
  return failures.some(isTemplateError) ? exitCode.template : exitCode.failure;
}

export const inspect = defineCommand({
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  description: "Return low-level information on containers and images",
  flags: { format: objectFormat, size: sizeFlag, type: typeFlag },
  words: { min: 1 },
  completes: ["object"],
  run: ({ flags, words, host, context }) =>
    inspectWith(finderFor(flags.type ?? ""), {
      names: words,
      format: flags.format ?? "",
      size: flags.size,
      host,
      context,
    }),
});

function finderFor(type: string): Finder {
  switch (type) {
    case "":
      return anything;
    case "container":
      return container;
    case "image":
      return image;
    case "volume":
      return volume;
    case "network":
      return network;
    case "config":
    case "node":
    case "plugin":
    case "secret":
    case "service":
    case "task":
      throw new BerthError("unsupported", `inspect --type ${type} is not supported yet`);
  }
  throw new BerthError("usage", `unknown type: "${type}": must be one of "container", "image", "volume"`);
}

export const imageInspect = defineCommand({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  description: "Display detailed information on one or more images",
  flags: { format: objectFormat },
  notYet: "platform",
  words: { min: 1 },
  completes: ["image"],
  run: ({ flags, words, host, context }) =>
    inspectWith(image, { names: words, format: flags.format ?? "", size: false, host, context }),
});

export const containerInspect = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Display detailed information on one or more containers",
  flags: { format: objectFormat, size: flag.boolean("Display total file sizes", { short: "s" }) },
  words: { min: 1 },
  completes: ["container"],
  run: ({ flags, words, host, context }) =>
    inspectWith(container, { names: words, format: flags.format ?? "", size: flags.size, host, context }),
});

export const volumeInspect = defineCommand({
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  description: "Display detailed information on one or more volumes",
  flags: { format: objectFormat },
  words: { min: 1 },
  completes: ["volume"],
  run: ({ flags, words, host, context }) =>
    inspectWith(volume, { names: words, format: flags.format ?? "", size: false, host, context }),
});

export const networkInspect = defineCommand({
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  description: "Display detailed information on one or more networks",
  flags: { format: objectFormat },
  notYet: "verbose:v",
  words: { min: 1 },
  completes: ["network"],
  run: ({ flags, words, host, context }) =>
    inspectWith(network, { names: words, format: flags.format ?? "", size: false, host, context }),
});
