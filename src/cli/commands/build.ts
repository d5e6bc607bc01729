import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { BerthError } from "../../base/errors.ts";
import { parseSize } from "../../base/parse-size.ts";
import { progressMode, progressModes, showProgress } from "../build/choose-progress.ts";
import { buildOptions, refuseAttestation } from "../build/build-options.ts";
import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";
import { parseLimit } from "../run/limit-option.ts";
import { parseHost } from "../run/network-options.ts";

export const build = defineCommand({
  usage: "[OPTIONS] PATH | URL | -",
  description: "Build an image from a Dockerfile",
  aliases: ["berth image build", "berth build", "berth builder build", "berth buildx build"],
  flags: {
    "add-host": flag.list('Add a custom host-to-IP mapping (format: "host:ip")', {
      type: "strings",
      check: (value) => void parseHost(value),
    }),
    "build-arg": flag.list("Set build-time variables"),
    "build-context": flag.list("Additional build contexts (e.g., name=path)", { type: "stringArray" }),
    "cache-from": flag.list('External cache sources (e.g., "user/app:cache", "type=registry,ref=NAME")', {
      type: "stringArray",
      completes: "image",
    }),
    "cache-to": flag.list('Cache export destinations ("type=inline")', {
      type: "stringArray",
      completes: ["type=inline"],
    }),
    check: flag.boolean("Evaluate the Dockerfile and tell what is hardly meant, without building"),
    file: flag.text('Name of the Dockerfile (default: "PATH/Dockerfile")', { short: "f", completes: "file" }),
    "force-rm": flag.boolean("Remove the containers of RUN in any case (they always are)"),
    iidfile: flag.text("Write the image ID to a file", { completes: "file" }),
    label: flag.list("Set metadata for an image"),
    load: flag.boolean("Keep the image in the store, also with other outputs"),
    "metadata-file": flag.text("Write build result metadata to a file", { completes: "file" }),
    network: flag.text('Set the networking mode for the "RUN" instructions during build', {
      default: "default",
      completes: ["default", "none", "host"],
    }),
    "no-cache": flag.boolean("Do not use cache when building the image"),
    "no-cache-filter": flag.list("Do not cache specified stages", { type: "stringArray" }),
    output: flag.list('Output destination (format: "type=local,dest=path")', {
      short: "o",
      type: "stringArray",
      completes: "file",
    }),
    platform: flag.text("Set target platform for build"),
    progress: flag.text('Set type of progress output ("auto", "plain", "quiet", "rawjson", "tty")', {
      default: "auto",
      completes: progressModes,
    }),
    provenance: flag.text('Attestation of how the image was built ("false": none is made)', {
      completes: ["false"],
      check: refuseAttestation,
    }),
    pull: flag.boolean("Always attempt to pull all referenced images"),
    quiet: flag.boolean("Suppress the build output and print image ID on success", { short: "q" }),
    rm: flag.boolean("Remove the containers of RUN after a successful build (they always are)", {
      default: true,
    }),
    sbom: flag.text('Attestation of what is in the image ("false": none is made)', {
      completes: ["false"],
      check: refuseAttestation,
    }),
    secret: flag.list('Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")', {
      type: "stringArray",
    }),
    "shm-size": flag.text("Shared memory size for build containers", {
      type: "bytes",
      check: (value) => void parseSize(value),
    }),
    squash: flag.boolean("Squash newly built layers into a single new layer"),
    ssh: flag.list('SSH agent socket to expose to the build (format: "default|<id>[=<socket>]")', {
      type: "stringArray",
    }),
    "storage-driver": flag.text("How layers are stacked (overlay, fuse-overlayfs, copy)", {
      completes: ["overlay", "fuse-overlayfs", "copy"],
    }),
    tag: flag.list('Name and optionally a tag (format: "name:tag")', { short: "t", completes: "image" }),
    target: flag.text("Set the target build stage to build"),
    ulimit: flag.list("Ulimit options", { type: "ulimit", check: (value) => void parseLimit(value) }),
  },
  notYet:
    "allow annotation attest builder call cgroup-parent compress cpu-period " +
    "cpu-quota cpu-shares:c cpuset-cpus cpuset-mems isolation memory:m memory-swap policy push security-opt",
  words: { min: 1, max: 1 },
  completes: ["file"],
  async run({ flags, words, host, context }) {
    const mode = flags.quiet ? "quiet" : progressMode(flags.progress, host.env);
    const options = buildOptions(flags, words[0]!, host);
    if (
      flags.iidfile !== undefined &&
      options.outputs.every(({ kind }) => kind === "local" || kind === "tar")
    )
      throw new BerthError("usage", "--iidfile needs an output that is an image");
    if (context.identity.mode === "single")
      (await import("../../engine/note-single-identity.ts")).noteSingleIdentity(context);
    const [{ buildImage }, { BuildFailure }, { RecordedProgress }] = await Promise.all([
      import("../../engine/build.ts"),
      import("../../engine/build/build-failure.ts"),
      import("../build/recorded-progress.ts"),
    ]);
    const quiet = mode === "quiet";
    const shown = await showProgress(mode, host);
    if (flags.check) {
      const { check } = await import("../build/check.ts");
      return check(context, options, shown, host);
    }
    const progress = new RecordedProgress(shown);
    try {
      const result = await interruptible((signal) =>
        buildImage(context, options, progress, signal).finally(() => shown.end()),
      );
      if (flags.iidfile !== undefined && result !== undefined)
        writeFileSync(resolve(host.workingDirectory, flags.iidfile), result.imageId);
      if (flags["metadata-file"] !== undefined) {
        const { buildMetadata } = await import("../build/build-metadata.ts");
        const path = resolve(host.workingDirectory, flags["metadata-file"]);
        writeFileSync(path, buildMetadata(result));
      }
      if (quiet && result !== undefined && options.outputs.some(({ kind }) => kind === "image"))
        host.stdout.write(`${result.imageId}\n`);
      return 0;
    } catch (error) {
      if (error instanceof BuildFailure) {
        const { failureText } = await import("../build/failure-text.ts");
        host.stderr.write(failureText(error, progress.outputOf(error.step ?? "")));
        if (error.lastImage !== undefined)
          host.stderr.write(
            `The image before this step is ${error.lastImage.slice(7, 19)}: berth run --rm -it ${error.lastImage.slice(7, 19)} sh\n`,
          );
      }
      throw error;
    }
  },
});
