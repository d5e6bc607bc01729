import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-codes.ts";
import { flag } from "../flags/spec.ts";
import { interruptible } from "../interruption.ts";
import { detachKeysFrom } from "../run/detach-keys-option.ts";

export const attach = defineCommand({
  usage: "[OPTIONS] CONTAINER",
  description: "Attach local standard input, output, and error streams to a running container",
  aliases: ["berth container attach", "berth attach"],
  flags: {
    "detach-keys": flag.text("Override the key sequence for detaching a container"),
    "no-stdin": flag.boolean("Do not attach STDIN"),
    "sig-proxy": flag.boolean("Proxy all received signals to the process", { default: true }),
  },
  words: { min: 1, max: 1 },
  completes: ["running container"],
  async run({ flags, words, host, context }) {
    const { attachContainer } = await import("../../engine/attach-container.ts");
    return interruptible(async (signal) => {
      const end = await attachContainer(context, words[0]!, {
        input: !flags["no-stdin"],
        proxy: flags["sig-proxy"],
        detachKeys: detachKeysFrom(flags["detach-keys"], host.env),
        signal,
      });
      if (end.kind === "exited") return end.exitCode;
      host.stderr.write("read escape sequence\n");
      return exitCode.success;
    });
  },
});
