import { resolve } from "node:path";
import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";

/** The spelling of places is skopeo's, and so are the flags. */
export const copy = defineCommand({
  usage: "[OPTIONS] SOURCE DESTINATION",
  description:
    "Copy an image between registries, archives and the store\nPlaces are docker://NAME, oci:PATH[:TAG], " +
    "oci-archive:PATH[:TAG], docker-archive:PATH[:NAME], and berth:NAME or just NAME for the store",
  flags: {
    all: flag.boolean("Copy all platforms of an index, and the index itself", { short: "a" }),
    platform: flag.text("Copy this platform of an index (os/arch[/variant])"),
    quiet: flag.boolean("Print the digest only", { short: "q" }),
    "dest-tls-verify": flag.boolean("Require HTTPS and verify certificates of the destination", {
      default: true,
    }),
    "src-tls-verify": flag.boolean("Require HTTPS and verify certificates of the source", { default: true }),
  },
  words: { min: 2, max: 2 },
  completes: ["image"],
  async run({ flags, given, words, host, context }) {
    const [engine, progress, { openOutputFile }] = await Promise.all([
      import("../../engine/copy-image.ts"),
      import("../progress/pull-progress.ts"),
      import("../output/output-file.ts"),
    ]);
    const lines = flags.quiet ? undefined : progress.createPullProgress(host.stdout);
    const digest = await interruptible((signal) =>
      engine.copyBetween(context, {
        from: words[0]!,
        to: words[1]!,
        all: flags.all,
        ...(flags.platform ? { platform: flags.platform } : {}),
        ...(given.has("src-tls-verify") ? { sourceTlsVerify: flags["src-tls-verify"] } : {}),
        ...(given.has("dest-tls-verify") ? { targetTlsVerify: flags["dest-tls-verify"] } : {}),
        async writeFile(path, bytes) {
          using file = openOutputFile(resolve(host.workingDirectory, path));
          for await (const chunk of bytes) file.write(chunk);
          file.commit();
        },
        ...(lines === undefined ? {} : { onProgress: lines.report }),
        signal,
      }),
    );
    if (lines === undefined) host.stdout.write(`${digest}\n`);
    else lines.line(`Digest: ${digest}`);
    return 0;
  },
});
