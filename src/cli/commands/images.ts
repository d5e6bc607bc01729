import { BerthError } from "../../base/errors.ts";
import type { Command, Invocation } from "../command.ts";
import { defineCommand } from "../command.ts";
import { listFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";
import { isTemplateError } from "../output/template/template-error.ts";
import { imageListing } from "../views/image-listing.ts";
import { printList } from "../views/print-list.ts";

const flags = {
  all: flag.boolean("Show all images (default hides intermediate images)", { short: "a" }),
  digests: flag.boolean("Show digests"),
  filter: flag.list("Filter output based on conditions provided", { short: "f", type: "filter" }),
  format: listFormat,
  "no-trunc": flag.boolean("Don't truncate output"),
  quiet: flag.boolean("Only show image IDs", { short: "q" }),
} as const;

type Flags = typeof flags;

async function run({ flags, given, path, words, host, context }: Invocation<Flags>): Promise<number> {
  const [reference] = words;
  const { listImages } = await import("../../engine/images.ts");
  const images = await listImages(context, {
    all: flags.all,
    filters: flags.filter,
    ...(reference === undefined ? {} : { reference }),
  });
  const configured = given.has("format") || flags.quiet ? undefined : context.configuration.imagesFormat;
  const listing = imageListing({
    digests: flags.digests,
    truncate: !flags["no-trunc"],
    now: host.now(),
  });
  try {
    await printList(host, listing, images, {
      format: withDigest(flags.format ?? configured ?? "", flags.digests),
      quiet: flags.quiet,
    });
  } catch (error) {
    if (configured === undefined || !isTemplateError(error)) throw error;
    throw new BerthError(error.code, `"images-format" in config.toml: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint.replace("--format", "it") }),
      cause: error,
    });
  }
  // `berth images ls` looks for an image called ls; most likely that is not what was meant.
  if (images.length === 0 && path === "berth images" && mistakable.has(reference ?? ""))
    host.stderr.write(`No images found matching "${reference}": did you mean "berth image ${reference}"?\n`);
  return 0;
}

/** `--digests` adds its column to a table of one's own, too (docker/cli formatter/image.go). */
function withDigest(format: string, digests: boolean): string {
  return digests && format.startsWith("table ") && !format.includes("{{.Digest}}")
    ? `${format}\t{{.Digest}}`
    : format;
}

/** Subcommands of `image` in Docker. */
const mistakable = new Set(
  "build history import inspect list load ls prune pull push rm save tag".split(" "),
);

const common = {
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  description: "List images",
  aliases: ["berth image ls", "berth image list", "berth images"],
  flags,
  notYet: "tree",
  words: { min: 0, max: 1 },
  completes: ["image"],
  run,
} as const satisfies Command<Flags>;

export const images = defineCommand(common);
export const imageList = defineCommand(common);
