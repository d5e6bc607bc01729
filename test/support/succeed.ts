import type { Ended } from "./berth-executable.ts";

/** `run`, for commands that must succeed: answers what they printed, trimmed, and throws what they complained about. */
export function succeeding(
  run: (...args: string[]) => Promise<Ended>,
): (...args: string[]) => Promise<string> {
  return async (...args) => {
    const { code, stdout, stderr } = await run(...args);
    if (code !== 0) throw new Error(`berth ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
}
