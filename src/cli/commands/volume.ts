import { BerthError, isBerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { forEachTold } from "../each.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { listFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";
import { checkLabel } from "../run/checked-values.ts";
import { labelsFrom } from "../run/run-options.ts";
import { checkVolumeDriver, checkVolumeName } from "../run/volume-option.ts";
import { printList } from "../views/print-list.ts";
import { volumeListing } from "../views/volume-listing.ts";

const clusterFlags =
  "availability group limit-bytes required-bytes scope secret sharing topology-preferred topology-required type";

export const volumeCreate = defineCommand({
  usage: "[OPTIONS] [VOLUME]",
  description: "Create a volume",
  flags: {
    driver: flag.text("Specify volume driver name", { short: "d", default: "local" }),
    label: flag.list("Set metadata for a volume", { check: checkLabel }),
    name: flag.text("Specify volume name"),
    opt: flag.list("Set driver specific options", { short: "o", type: "map" }),
  },
  notYet: clusterFlags,
  words: { min: 0, max: 1 },
  async run({ flags, words, host, context }) {
    const [word] = words;
    if (flags.name && word !== undefined && flags.name !== word)
      throw new BerthError(
        "usage",
        "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
      );
    const name = word || flags.name || undefined;
    if (name !== undefined) checkVolumeName(name);
    checkVolumeDriver(flags.driver ?? "local", flags.opt);
    const { createVolume } = await import("../../engine/volumes.ts");
    const created = createVolume(context, { name, labels: labelsFrom(flags.label) });
    host.stdout.write(`${created}\n`);
    return 0;
  },
});

export const volumeList = defineCommand({
  usage: "[OPTIONS]",
  description: "List volumes",
  aliases: ["berth volume ls", "berth volume list"],
  flags: {
    filter: filterFlag('Provide filter values (e.g. "dangling=true")', { short: "f" }),
    format: listFormat,
    quiet: flag.boolean("Only display volume names", { short: "q" }),
  },
  notYet: "cluster",
  words: { min: 0, max: 0 },
  async run({ flags, host, context }) {
    const { listVolumes } = await import("../../engine/volumes.ts");
    const volumes = await listVolumes(context, flags.filter);
    const format = flags.format ?? "";
    const names = flags.quiet && (format === "" || format === "table");
    await printList(host, volumeListing, volumes, { format: names ? "{{.Name}}" : format, quiet: false });
    return 0;
  },
});

export const volumeRemove = defineCommand({
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  description: "Remove one or more volumes",
  aliases: ["berth volume rm", "berth volume remove"],
  flags: { force: flag.boolean("Force the removal of one or more volumes", { short: "f" }) },
  words: { min: 1 },
  completes: ["volume"],
  async run({ flags, words, host, context }) {
    const { removeVolume } = await import("../../engine/volumes.ts");
    const remove = async (name: string) => {
      try {
        await removeVolume(context, name);
      } catch (error) {
        // Docker names it all the same.
        if (!flags.force || !isBerthError(error, "not-found")) throw error;
      }
    };
    return forEachTold(words, host, remove);
  },
});
