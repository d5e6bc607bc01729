import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { forEach } from "../each.ts";
import { flag } from "../flags/spec.ts";
import { tlsChoice, tlsVerify } from "../flags/tls-flag.ts";
import { interruptible } from "../interruption.ts";

const insecureChoice = (flags: { insecure: boolean; "tls-verify": boolean }, given: ReadonlySet<string>) =>
  flags.insecure ? { tlsVerify: false } : tlsChoice(flags, given);

export const manifestInspect = defineCommand({
  usage: "[OPTIONS] MANIFEST",
  description: "Display an image manifest, or manifest list, that is local or at a registry",
  flags: {
    insecure: flag.boolean("Allow communication with an insecure registry"),
    raw: flag.boolean("Print the bytes as they are, whose digest is the manifest's"),
    "tls-verify": tlsVerify,
    verbose: flag.boolean("Output additional info including layers and platform", { short: "v" }),
  },
  words: { min: 1, max: 1 },
  completes: ["image"],
  async run({ flags, given, words, host, context }) {
    if (flags.raw && flags.verbose) throw new BerthError("usage", "--raw and --verbose exclude each other");
    const { describeManifests, inspectManifest } = await import("../../engine/inspect-manifest.ts");
    const choice = insecureChoice(flags, given);
    const show = (value: unknown) => host.stdout.write(`${JSON.stringify(value, null, "\t")}\n`);
    await interruptible(async (signal) => {
      if (flags.verbose) return show(await describeManifests(context, words[0]!, { ...choice, signal }));
      const { bytes } = await inspectManifest(context, words[0]!, { ...choice, signal });
      if (flags.raw) host.stdout.write(bytes);
      else show(JSON.parse(new TextDecoder().decode(bytes)));
    });
    return 0;
  },
});

export const manifestCreate = defineCommand({
  usage: "[OPTIONS] MANIFEST_LIST MANIFEST [MANIFEST...]",
  description: "Create a local manifest list for annotating and pushing to a registry",
  flags: {
    amend: flag.boolean("Amend an existing manifest list", { short: "a" }),
    insecure: flag.boolean("Allow communication with an insecure registry"),
    "tls-verify": tlsVerify,
  },
  words: { min: 2 },
  completes: ["image"],
  async run({ flags, given, words: [list, ...images], host, context }) {
    const { createManifestList } = await import("../../engine/manifest-lists.ts");
    const { amend } = flags;
    const name = await interruptible((signal) =>
      createManifestList(context, list!, images, { ...insecureChoice(flags, given), amend, signal }),
    );
    host.stdout.write(`Created manifest list ${name}\n`);
    return 0;
  },
});

export const manifestAnnotate = defineCommand({
  usage: "[OPTIONS] MANIFEST_LIST MANIFEST",
  description: "Add additional information to a local image manifest",
  flags: {
    arch: flag.text("Set architecture"),
    os: flag.text("Set operating system"),
    "os-features": flag.list("Set operating system feature", { type: "strings" }),
    "os-version": flag.text("Set operating system version"),
    variant: flag.text("Set architecture variant"),
  },
  words: { min: 2, max: 2 },
  completes: ["image"],
  async run({ flags, words: [list, image], context }) {
    const { annotateManifest } = await import("../../engine/manifest-lists.ts");
    annotateManifest(context, list!, image!, {
      ...(flags.os ? { os: flags.os } : {}),
      ...(flags.arch ? { architecture: flags.arch } : {}),
      ...(flags.variant ? { variant: flags.variant } : {}),
      ...(flags["os-version"] ? { osVersion: flags["os-version"] } : {}),
      osFeatures: flags["os-features"].flatMap((features) => features.split(",")),
    });
    return 0;
  },
});

export const manifestPush = defineCommand({
  usage: "[OPTIONS] MANIFEST_LIST",
  description: "Push a manifest list to a repository",
  flags: {
    insecure: flag.boolean("Allow push to an insecure registry"),
    purge: flag.boolean("Remove the local manifest list after push", { short: "p" }),
    "tls-verify": tlsVerify,
  },
  words: { min: 1, max: 1 },
  completes: ["image"],
  async run({ flags, given, words, host, context }) {
    const { pushManifestList } = await import("../../engine/manifest-lists.ts");
    const { digest } = await interruptible((signal) =>
      pushManifestList(context, words[0]!, {
        ...insecureChoice(flags, given),
        purge: flags.purge,
        onMember: (name, descriptor) =>
          host.stdout.write(`Pushed ref ${name} with digest: ${descriptor.digest}\n`),
        signal,
      }),
    );
    host.stdout.write(`${digest}\n`);
    return 0;
  },
});

export const manifestRemove = defineCommand({
  usage: "MANIFEST_LIST [MANIFEST_LIST...]",
  description: "Delete one or more manifest lists from local storage",
  flags: {},
  words: { min: 1 },
  completes: ["image"],
  async run({ words, host, context }) {
    const { removeManifestList } = await import("../../engine/manifest-lists.ts");
    return forEach(words, host, async (list) => removeManifestList(context, list));
  },
});
