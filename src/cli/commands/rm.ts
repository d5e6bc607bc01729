import { isBerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { forEachTold } from "../each.ts";
import { flag } from "../flags/spec.ts";

export const rm = defineCommand({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Remove one or more containers",
  aliases: ["berth container rm", "berth container remove", "berth rm"],
  flags: {
    force: flag.boolean("Force the removal of a running container (uses SIGKILL)", { short: "f" }),
    volumes: flag.boolean("Remove anonymous volumes associated with the container", { short: "v" }),
  },
  notYet: "link:l",
  words: { min: 1 },
  completes: ["container"],
  async run({ flags, words, host, context }) {
    const { removeContainer } = await import("../../engine/remove-container.ts");
    const { force, volumes } = flags;
    return forEachTold(words, host, (container) => removeContainer(context, container, { force, volumes }), {
      forgives: (error) => flags.force && isBerthError(error, "not-found"),
    });
  },
});
