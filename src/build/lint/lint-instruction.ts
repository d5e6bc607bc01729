import type { Lines } from "../dockerfile-error.ts";
import type { Instruction } from "../instructions/types.ts";
import { keywordOf } from "./lint-nodes.ts";
import type { Linter } from "./linter.ts";

/** What stands where only the last of its kind counts. */
export type LastOfKind = Map<Instruction["kind"], Lines>;

/** What can be said of an instruction in its place; `shell` is whether its stage has a SHELL. */
export function lintInstruction(
  instruction: Instruction,
  { last, shell }: { readonly last: LastOfKind; readonly shell: boolean },
  linter: Linter,
): void {
  const { kind, lines } = instruction;
  const keyword = keywordOf(instruction);
  switch (kind) {
    case "env":
    case "label":
      for (const { name, equals } of instruction.pairs) {
        if (!equals) linter.warn("LegacyKeyValueFormat", lines, keyword);
        if (kind === "env") lintSecret("ENV", name, lines, linter);
      }
      return;
    case "arg":
      for (const { name } of instruction.args) lintSecret("ARG", name, lines, linter);
      return;
    case "cmd":
    case "entrypoint":
    case "healthcheck": {
      const before = last.get(kind);
      if (before !== undefined) linter.warn("MultipleInstructionsDisallowed", before, keyword);
      last.set(kind, lines);
      if (kind !== "healthcheck" && instruction.shell && !shell)
        linter.warn("JSONArgsRecommended", lines, keyword);
    }
  }
}

const secret = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const notSecret = /(?:_|^)(?:public|file|version)(?:_|$)/i;

function lintSecret(instruction: string, name: string, lines: Lines, linter: Linter): void {
  if (secret.test(name) && !notSecret.test(name))
    linter.warn("SecretsUsedInArgOrEnv", lines, instruction, name);
}

/** EXPOSE is about ports of the container alone. */
export function lintPort(port: string, lines: Lines, linter: Linter): void {
  const [, protocol = ""] = port.split(":").at(-1)!.split("/", 2);
  if (protocol !== protocol.toLowerCase()) linter.warn("ExposeProtoCasing", lines, port);
  if (/[^:].*:/.test(port)) linter.warn("ExposeInvalidFormat", lines, port);
}
