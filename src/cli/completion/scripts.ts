import bash from "./berth.bash" with { type: "text" };
import fish from "./berth.fish" with { type: "text" };
import zsh from "./berth.zsh" with { type: "text" };

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

/**
 * The completion script of a shell. The scripts know nothing about berth's commands: they ask
 * `berth __complete WORD… CURRENT` (`candidates.ts`), so that they never disagree with the executable.
 */
export const completionScript = (shell: Shell): string => scripts[shell];
