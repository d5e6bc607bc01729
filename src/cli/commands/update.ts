import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { forEachTold } from "../each.ts";
import { flag } from "../flags/spec.ts";
import { buildLimits, limitFlags } from "../run/limit-flags.ts";
import { parseRestartPolicy } from "../run/restart-option.ts";

export const update = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Update configuration of one or more containers",
  aliases: ["berth container update", "berth update"],
  flags: {
    ...limitFlags,
    restart: flag.text("Restart policy to apply when a container exits", {
      completes: ["no", "always", "on-failure", "unless-stopped"],
    }),
  },
  notYet: "kernel-memory",
  words: { min: 1 },
  completes: ["container"],
  async run({ flags, given, words, host, context }) {
    if (given.size === 0)
      throw new BerthError("usage", "you must provide one or more flags when using this command");
    const resources = buildLimits(flags);
    const change = {
      ...(resources === undefined ? {} : { resources }),
      ...(flags.restart ? { restart: parseRestartPolicy(flags.restart) } : {}),
    };
    const { updateContainer } = await import("../../engine/update-container.ts");
    return forEachTold(words, host, (container) => updateContainer(context, container, change));
  },
});
