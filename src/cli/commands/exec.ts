import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-codes.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";
import { checkWorkdir } from "../run/checked-values.ts";
import { detachKeysFrom } from "../run/detach-keys-option.ts";
import { readKeyValueFile } from "../run/key-value-file.ts";

export const exec = defineCommand({
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  description: "Execute a command in a running container",
  aliases: ["berth container exec", "berth exec"],
  flags: {
    detach: flag.boolean("Detached mode: run command in the background", { short: "d" }),
    "detach-keys": flag.text("Override the key sequence for detaching a container"),
    env: flag.list("Set environment variables", { short: "e" }),
    "env-file": flag.list("Read in a file of environment variables", { completes: "file" }),
    interactive: flag.boolean("Keep STDIN open even if not attached", { short: "i" }),
    privileged: flag.boolean("Give extended privileges to the command"),
    tty: flag.boolean("Allocate a pseudo-TTY", { short: "t" }),
    user: flag.text('Username or UID (format: "<name|uid>[:<group|gid>]")', { short: "u" }),
    workdir: flag.text("Working directory inside the container", { short: "w" }),
  },
  words: { min: 2 },
  flagsFirst: true,
  failureStyle: "exec",
  completes: ["running container", "file"],
  async run({ flags, words, host, context }) {
    const [container = "", ...args] = words;
    if (flags.workdir) checkWorkdir(flags.workdir);
    const files = flags["env-file"].flatMap((path) =>
      readKeyValueFile("env", path, host.workingDirectory, host.env),
    );
    const interactive = flags.interactive && !flags.detach;
    const detachKeys = detachKeysFrom(flags["detach-keys"], host.env)(interactive && flags.tty);
    context.readingStore.containers.get(container); // that it is missing is told first
    if (interactive && flags.tty && !host.stdin.isTerminal) {
      const text = "cannot attach stdin to a TTY-enabled container because stdin is not a terminal";
      throw new BerthError("usage", text, { hint: "leave out -t" });
    }
    const { execProgram } = await import("../../engine/exec.ts");
    const end = await interruptible((signal) =>
      execProgram(context, {
        container,
        request: {
          args,
          env: [...files, ...flags.env],
          ...(flags.user ? { user: flags.user } : {}),
          ...(flags.workdir ? { workdir: flags.workdir } : {}),
          privileged: flags.privileged,
          terminal: flags.tty,
          detach: flags.detach,
        },
        interactive,
        detachKeys,
        signal,
      }),
    );
    if (end.kind === "exited") return end.exitCode;
    if (flags.detach) return exitCode.success;
    host.stderr.write("read escape sequence\n");
    return exitCode.failure;
  },
});
