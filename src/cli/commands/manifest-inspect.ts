import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { tlsChoice, tlsVerify } from "../flags/tls-flag.ts";
import { interruptible } from "../interruption.ts";

export const manifestInspect = defineCommand({
  usage: "[OPTIONS] MANIFEST",
  description: "Display an image manifest, or manifest list, of a registry",
  flags: {
    insecure: flag.boolean("Allow communication with an insecure registry"),
    raw: flag.boolean("Print the bytes as they are, whose digest is the manifest's"),
    "tls-verify": tlsVerify,
  },
  notYet: "verbose:v",
  words: { min: 1, max: 1 },
  completes: ["image"],
  async run({ flags, given, words, host, context }) {
    const { inspectManifest } = await import("../../engine/inspect-manifest.ts");
    const choice = flags.insecure ? { tlsVerify: false } : tlsChoice(flags, given);
    const { bytes } = await interruptible((signal) =>
      inspectManifest(context, words[0]!, { ...choice, signal }),
    );
    if (flags.raw) host.stdout.write(bytes);
    else host.stdout.write(`${JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), null, "\t")}\n`);
    return 0;
  },
});
