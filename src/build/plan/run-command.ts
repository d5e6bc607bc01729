import { DockerfileError } from "../dockerfile-error.ts";
import { isOnlyHeredoc } from "../instructions/read-instruction.ts";
import type { RunInstruction } from "../instructions/types.ts";
import { chomp } from "../syntax/heredoc.ts";

export interface RunCommand {
  readonly args: readonly string[];
  /** Mounted at `args[0]`. */
  readonly script?: string;
  /** What a heredoc adds to the title. */
  readonly summary: string;
}

/** Where a heredoc with its own interpreter is mounted. */
const scripts = "/dev/pipes/";

/**
 * The argv of a RUN. One heredoc alone is the script itself, run by its own interpreter if it has a `#!` line; with a
 * command in front, heredocs are written back for the shell to read.
 */
export function runCommand(run: RunInstruction, shell: readonly string[]): RunCommand {
  const inShell = (words: readonly string[]) => (run.shell ? [...shell, words.join(" ")] : words);
  const [heredoc] = run.heredocs;
  if (heredoc === undefined) return { args: inShell(run.words), summary: "" };
  if (run.words.length !== 1 || !run.shell)
    throw new DockerfileError(`parsing produced an invalid run command: ${run.words.join(" ")}`);
  if (!isOnlyHeredoc(run)) {
    const text = [run.words[0]!, ...run.heredocs.map(({ content, name }) => `${content}${name}`)].join("\n");
    return { args: inShell([text]), summary: "" };
  }
  const script = heredoc.chomps ? chomp(heredoc.content) : heredoc.content;
  const summary = ` (${summarize(heredoc.content)})`;
  if (!script.startsWith("#!")) return { args: inShell([script]), summary };
  const path = `${scripts}${heredoc.name}`;
  return { args: run.shell ? [...shell, path] : [path], script, summary };
}

function summarize(content: string): string {
  const lines = content.trim().replaceAll("\r\n", "\n").split("\n");
  return lines.length > 1 ? `${lines[0]}...` : lines[0]!;
}
