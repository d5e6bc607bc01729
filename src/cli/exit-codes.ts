import { isBerthError } from "../base/errors.ts";
import { FlagError } from "./flags/parse.ts";

/** Every exit status that berth itself decides; a container's own status passes through unchanged. */
export const exitCode = {
  success: 0,
  failure: 1,
  /** A template or `--format` error of `inspect`, `info` and `version` (docker/cli inspect/inspector.go). */
  template: 64,
  /** A wrong flag anywhere, and anything that keeps `run` from starting the container. */
  usage: 125,
  notExecutable: 126,
  notFound: 127,
  /** Plus the number of the signal. */
  signal: 128,
} as const;

/** What kind of command failed: `run` has Docker's 125/126/127, `exec` 126/127 and else 1, all others say 1. */
export type FailureStyle = "run" | "exec" | "plain";

/** A failure whose status the command decides itself. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  constructor(
    readonly status: number,
    override readonly cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause));
  }
}

/** The exit status for anything a command threw. */
export function exitCodeOf(error: unknown, style: FailureStyle): number {
  if (error instanceof ExitError) return error.status;
  if (error instanceof FlagError) return exitCode.usage;
  if (style === "plain") return exitCode.failure;
  if (isBerthError(error, "command-not-found")) return exitCode.notFound;
  if (isBerthError(error, "command-not-executable")) return exitCode.notExecutable;
  return style === "run" ? exitCode.usage : exitCode.failure;
}
