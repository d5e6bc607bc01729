import { BerthError } from "../../base/errors.ts";
import type { RunOptions } from "../../engine/run-options.ts";
import type { PullTalk } from "../../engine/obtain-image.ts";
import { defineCommand, type Invocation } from "../command.ts";
import { ExitError, exitCode } from "../exit-codes.ts";
import { loadFurtherFlags, runFlags, runNotYet } from "../run/run-flags.ts";
import { buildRunOptions } from "../run/run-options.ts";
import { talkingPull } from "../run/talking-pull.ts";

type RunInvocation = Pick<Invocation<typeof runFlags>, "flags" | "given" | "host" | "context">;

export const run = defineCommand({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  description: "Create and run a new container from an image",
  aliases: ["berth container run", "berth run"],
  flags: runFlags,
  furtherFlags: loadFurtherFlags,
  notYet: runNotYet,
  words: { min: 1 },
  flagsFirst: true,
  failureStyle: "run",
  completes: ["image", "file"],
  async run(invocation) {
    const { flags, further, words, host, context } = invocation;
    const options = await buildRunOptions(flags, further, words, host);
    if (options.terminal && options.interactive && !flags.detach && !host.stdin.isTerminal) {
      const text = "cannot attach stdin to a TTY-enabled container because stdin is not a terminal";
      throw new ExitError(exitCode.failure, new BerthError("usage", text, { hint: "leave out -t" }));
    }
    if (context.identity.mode === "single")
      (await import("../../engine/note-single-identity.ts")).noteSingleIdentity(context);
    return talkingPull(host, flags.quiet, async (talk) => {
      if (needsMonitor(invocation, options)) return runWithMonitor(invocation, options, talk);
      const { runContainer } = await import("../../engine/run.ts");
      return runContainer(context, options, talk);
    });
  },
});

/**
 * A `--rm` container in the foreground ends with this command, which can run it itself; all others outlive it, or are
 * attached to, restarted, logged or limited, which is a monitor's work.
 */
function needsMonitor({ flags, given }: RunInvocation, options: RunOptions): boolean {
  return (
    flags.detach ||
    options.terminal ||
    !options.remove ||
    given.has("attach") ||
    !flags["sig-proxy"] ||
    options.logging !== undefined ||
    options.resources !== undefined ||
    options.cgroupParent !== undefined
  );
}

async function runWithMonitor(
  { flags, host, context }: RunInvocation,
  options: RunOptions,
  talk: PullTalk,
): Promise<number> {
  const { runMonitored } = await import("../../engine/run-monitored.ts");
  const { noStreams, parseAttachOption } = await import("../run/attach-option.ts");
  if (flags.detach) {
    if (flags.attach.length > 0)
      throw new BerthError("usage", "conflicting options: cannot specify both --attach and --detach");
    const { id } = await runMonitored(context, { ...options, attached: noStreams }, talk, {
      kind: "detached",
    });
    host.stdout.write(`${id}\n`);
    return exitCode.success;
  }
  const { detachKeysFrom } = await import("../run/detach-keys-option.ts");
  const streams = parseAttachOption(flags.attach, options.interactive);
  const proxy = flags["sig-proxy"] && !options.terminal;
  const asked = { ...options, stdinOnce: streams.stdin, attached: streams };
  const { end } = await runMonitored(context, asked, talk, {
    kind: "attached",
    input: streams.stdin,
    output: streams,
    terminal: options.terminal,
    detachKeys: detachKeysFrom(flags["detach-keys"], host.env)(streams.stdin && options.terminal),
    proxy,
    // Signals that are not passed on end the session.
    ...(talk.signal && !proxy ? { signal: talk.signal } : {}),
  });
  return end.kind === "exited" ? end.exitCode : exitCode.success;
}
