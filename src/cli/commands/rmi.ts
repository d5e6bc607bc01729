import { isBerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { forEach } from "../each.ts";
import { flag } from "../flags/spec.ts";

export const rmi = defineCommand({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  description: "Remove one or more images",
  aliases: ["berth image rm", "berth image remove", "berth rmi"],
  flags: {
    force: flag.boolean("Force removal of the image", { short: "f" }),
    "no-prune": flag.boolean("Do not delete untagged parents"),
  },
  notYet: "platform",
  words: { min: 1 },
  completes: ["image"],
  async run({ flags, words, host, context }) {
    const { removeImage } = await import("../../engine/remove-image.ts");
    const remove = async (reference: string) => {
      const done = await removeImage(context, reference, { force: flags.force, noPrune: flags["no-prune"] });
      for (const step of done) {
        host.stdout.write("untagged" in step ? `Untagged: ${step.untagged}\n` : `Deleted: ${step.deleted}\n`);
      }
    };
    return forEach(words, host, remove, {
      forgives: (error) => flags.force && isBerthError(error, "not-found"),
    });
  },
});
