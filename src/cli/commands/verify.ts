import { messageOf } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-codes.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";
import { escapeControl } from "../output/escape-control.ts";
import { shortId } from "../views/short-id.ts";

export const verify = defineCommand({
  usage: "[OPTIONS]",
  description:
    "Check everything that the store holds, and repair it\nThe exit status is 1 when something is wrong and stays so.",
  aliases: ["berth fsck", "berth system verify", "berth verify"],
  flags: {
    quick: flag.boolean("Do not unpack layers again to compare them"),
    repair: flag.boolean("Fetch from registries and unpack again what is damaged or missing"),
  },
  words: { min: 0, max: 0 },
  async run({ flags, host, context }) {
    const [engine, { familiarString, parseReference }] = await Promise.all([
      import("../../engine/verify.ts"),
      import("../../oci/reference.ts"),
    ]);
    const line = (text: string) => host.stdout.write(`${escapeControl(text)}\n`);
    const called = ({ id }: { readonly id: `sha256:${string}` }) => {
      const [name] = context.readingStore.names.of(id);
      return name === undefined ? shortId(id) : familiarString(parseReference(name));
    };
    const { blobs, layers, images, problems, remaining } = await interruptible((signal) =>
      engine.verify(context, {
        ...flags,
        onProblem({ kind, digest, what, images: users }) {
          const whose = users.length === 0 ? "" : ` (${users.map(called).join(", ")})`;
          line([kind, digest, `${what}${whose}`].filter((word) => word !== "").join(" "));
        },
        onRepair: (image, failure) =>
          line(
            failure === undefined
              ? `${called(image)} is repaired`
              : `${called(image)} is not repaired: ${messageOf(failure)}`,
          ),
        signal,
      }),
    );
    const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
    const held = [count(images, "image"), count(layers, "layer"), count(blobs, "blob")].join(", ");
    const found = problems === 0 ? "nothing is wrong" : `${count(problems, "problem")}, ${remaining} left`;
    line(`${held}: ${found}`);
    return remaining === 0 ? exitCode.success : exitCode.failure;
  },
});
