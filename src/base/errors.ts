/**
 * Stable, machine-readable reason of a failure. Commands map codes to exit statuses in one place
 * (`cli/exit-codes.ts`), tests match on them instead of on prose.
 */
export type ErrorCode =
  | "usage" // the command line itself is wrong
  | "invalid-reference"
  | "invalid-argument" // a value is malformed (digest, platform, size, configuration …)
  | "not-found"
  | "conflict" // name in use, object in use
  | "unauthorized" // the registry wants (other) credentials
  | "denied" // the operating system or a registry forbids it
  | "network" // connection refused, reset, timed out, TLS
  | "registry" // a registry answered something that is not acceptable
  | "digest-mismatch" // content is not what its descriptor promised
  | "invalid-image" // manifest, config, archive or layer is malformed or hostile
  | "no-space"
  | "read-only"
  | "unsupported" // valid, but not something this kernel, machine or version can do
  | "helper-failed" // a helper program ended with an error
  | "command-not-found" // exit status 127
  | "command-not-executable" // exit status 126
  | "interrupted"
  | "internal";

export interface BerthErrorOptions {
  /** A second line for the person: what would work. */
  hint?: string;
  cause?: unknown;
}

/**
 * The only error class that berth throws on purpose. `message` says what could not be done to what,
 * and why, in Docker's wording where Docker has one; it never holds credentials.
 */
export class BerthError extends Error {
  override readonly name = "BerthError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: BerthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** The reader of stdout has gone away (EPIPE); `main.ts` ends without a word, as a program killed by SIGPIPE does. */
export class BrokenPipe extends Error {
  override readonly name = "BrokenPipe";
}

/** Whether `error` is a BerthError with one of the given codes. */
export function isBerthError(error: unknown, ...codes: ErrorCode[]): error is BerthError {
  return error instanceof BerthError && (codes.length === 0 || codes.includes(error.code));
}

/** The `code` of a Node system error (`ENOENT`, `EACCES` …), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return undefined;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
