import { posix } from "node:path";
import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { flag } from "../flags/spec.ts";
import type { Host } from "../host.ts";
import { interruptible } from "../interruption.ts";
import { humanSize } from "../output/units.ts";

export const cp = defineCommand({
  usage:
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n        berth cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  description: "Copy files/folders between a container and the local filesystem",
  aliases: ["berth container cp", "berth cp"],
  flags: {
    archive: flag.boolean("Archive mode (copy all uid/gid information)", { short: "a" }),
    "follow-link": flag.boolean("Always follow symlinks in SRC_PATH", { short: "L" }),
    quiet: flag.boolean(
      "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached",
      { short: "q" },
    ),
  },
  words: { min: 2, max: 2 },
  completes: ["container", "file"],
  async run({ flags, given, words, host, context }) {
    const [source, destination] = [words[0]!, words[1]!];
    if (source === "") throw new BerthError("usage", "source can not be empty");
    if (destination === "") throw new BerthError("usage", "destination can not be empty");
    const [from, to] = [splitCopyArgument(source), splitCopyArgument(destination)];
    if (from.container !== undefined && to.container !== undefined)
      throw new BerthError("unsupported", "copying between containers is not supported");
    if (from.path === "" || to.path === "")
      throw new BerthError("usage", "bad parameter: path cannot be empty");
    const follow = flags["follow-link"];
    const { workingDirectory } = host;
    const engine = await import("../../engine/copy.ts");
    const quiet = given.has("quiet") ? flags.quiet : !host.stdout.isTerminal;
    return interruptible(async (signal) => {
      if (from.container !== undefined) {
        const side = { container: from.container, path: from.path };
        if (destination === "-") {
          if (host.stdout.isTerminal)
            throw new BerthError("usage", "cowardly refusing to save to a terminal. Use a file or redirect");
          for await (const chunk of engine.copyOutAsTar(context, side, { follow, signal }))
            host.stdout.write(chunk);
          return 0;
        }
        const target = { path: to.path, workingDirectory };
        const copied = await engine.copyOut(context, side, target, { follow, signal });
        if (!quiet) tell(host, copied, posix.resolve(workingDirectory, to.path));
        return 0;
      }
      if (to.container === undefined)
        throw new BerthError("usage", "must specify at least one container source");
      const side = { container: to.container, path: to.path };
      const copied =
        source === "-"
          ? await engine.copyInTar(context, host.stdin.stream(), side, { signal })
          : await engine.copyIn(context, { path: from.path, workingDirectory, follow }, side, {
              keepOwners: flags.archive,
              signal,
            });
      if (!quiet) tell(host, copied, `${to.container}:${to.path}`);
      return 0;
    });
  },
});

/** `CONTAINER:PATH` or a path of the host; one with a colon must begin with `/` or `.` (docker/cli container/cp.go). */
export function splitCopyArgument(text: string): { readonly container?: string; readonly path: string } {
  const colon = text.indexOf(":");
  if (text.startsWith("/") || text.startsWith(".") || colon < 1) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

function tell(
  host: Host,
  { content, transferred }: { content: number; transferred: number },
  to: string,
): void {
  const through = content === transferred ? "" : ` (transferred ${humanSize(transferred)})`;
  host.stderr.write(`Successfully copied ${humanSize(content)}${through} to ${to}\n`);
}
