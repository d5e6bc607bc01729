import { readText } from "../sys/files.ts";

/** RLIMIT_NOFILE, as numbers or `unlimited`. */
export interface OpenFileLimit {
  readonly soft: string;
  readonly hard: string;
}

/**
 * The limit on open files that the caller has. Bun raises its own soft limit at start, and a container should not inherit
 * that, so the parent process is asked. Undefined where it may not be read.
 */
export function callersOpenFileLimit(): OpenFileLimit | undefined {
  return openFileLimitOf(process.ppid);
}

/** The limit of another process, as far as this one can have it, too. */
export function sharedOpenFileLimit(pid: number): OpenFileLimit | undefined {
  const [theirs, own] = [openFileLimitOf(pid), openFileLimitOf("self")];
  if (theirs === undefined || own === undefined) return undefined;
  return { soft: lower(theirs.soft, own.hard), hard: lower(theirs.hard, own.hard) };
}

function openFileLimitOf(process: number | "self"): OpenFileLimit | undefined {
  try {
    const limits = readText(`/proc/${process}/limits`);
    const name = "Max open files";
    const line = limits.split("\n").find((text) => text.startsWith(name));
    const [soft, hard] = (line ?? "").slice(name.length).split(" ").filter(Boolean);
    return soft && hard ? { soft, hard } : undefined;
  } catch {
    return undefined;
  }
}

function lower(one: string, other: string): string {
  if (one === "unlimited") return other;
  return other === "unlimited" || Number(one) <= Number(other) ? one : other;
}
