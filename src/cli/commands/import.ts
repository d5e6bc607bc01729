import { createReadStream, statSync } from "node:fs";
import { resolve } from "node:path";
import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import type { Host } from "../host.ts";
import { interruptible } from "../interruption.ts";

export const importCommand = defineCommand({
  usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  description: "Import the contents from a tarball to create a filesystem image",
  aliases: ["berth image import", "berth import"],
  flags: {
    change: flag.list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: flag.text("Set commit message for imported image", { short: "m" }),
    platform: flag.text("Set platform of the image (os/arch[/variant])"),
  },
  words: { min: 1, max: 2 },
  completes: ["file", "image"],
  async run({ flags, words, host, context }) {
    const [from, name] = words;
    const { importFiles } = await import("../../engine/import.ts");
    if (context.identity.mode === "single")
      (await import("../../engine/note-single-identity.ts")).noteSingleIdentity(context);
    const isWeb = /^https?:\/\//.test(from!);
    if (isWeb) host.stdout.write(`Downloading from ${from}\n`);
    const id = await interruptible((signal) =>
      importFiles(context, {
        source: isWeb ? from! : openSource(host, from!),
        ...(name === undefined ? {} : { name }),
        // What comes from a file has no name there either: it is the client that reads it.
        message: flags.message || `Imported from ${isWeb ? from : "-"}`,
        changes: flags.change,
        ...(flags.platform ? { platform: flags.platform } : {}),
        signal,
      }),
    );
    host.stdout.write(`${id}\n`);
    return 0;
  },
});

function openSource(host: Host, from: string): AsyncIterable<Uint8Array> {
  if (from === "-") {
    if (host.stdin.isTerminal)
      throw new BerthError("usage", "requested import from stdin, but stdin is a terminal");
    return host.stdin.stream();
  }
  const path = resolve(host.workingDirectory, from);
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new BerthError("not-found", `open ${from}: no such file or directory`);
  if (status.isDirectory()) throw new BerthError("invalid-argument", `read ${from}: is a directory`);
  return createReadStream(path, { highWaterMark: 1 << 20 });
}
