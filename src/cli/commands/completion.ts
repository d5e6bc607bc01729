import { BerthError } from "../../base/errors.ts";
import { defineCommand } from "../command.ts";
import { completionScript, shells } from "../completion/scripts.ts";

export const completion = defineCommand({
  usage: "bash|zsh|fish",
  description:
    "Print the completion script of a shell\n\n" +
    "  bash: source <(berth completion bash)\n" +
    "  zsh:  source <(berth completion zsh)\n" +
    "  fish: berth completion fish | source",
  flags: {},
  words: { min: 1, max: 1 },
  completes: [shells],
  async run({ words, host }) {
    const shell = shells.find((each) => each === words[0]);
    if (shell === undefined) {
      throw new BerthError("usage", `no completion for the shell '${words[0]}'`, {
        hint: `there is one for ${shells.join(", ")}`,
      });
    }
    host.stdout.write(completionScript(shell));
    return 0;
  },
});
