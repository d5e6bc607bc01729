import { readFileSync } from "node:fs";

/**
 * The limit on open files (RLIMIT_NOFILE) that the caller has. Bun raises its own soft limit at start, and a
 * container should not inherit that, so the parent process is asked. Undefined where it may not be read.
 */
export function callersOpenFileLimit(): { readonly soft: string; readonly hard: string } | undefined {
  try {
    const limits = readFileSync(`/proc/${process.ppid}/limits`, "utf8");
    const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
    return soft && hard ? { soft, hard } : undefined;
  } catch {
    return undefined;
  }
}
