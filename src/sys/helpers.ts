import type { helperNames } from "../base/configuration.ts";
import { BerthError, type ErrorCode, messageOf, systemErrorCode } from "../base/errors.ts";
import { embeddedHelpersArchive } from "./embedded.ts";

/** The programs that berth does not write itself. All but newuidmap and newgidmap (setuid) and pasta are embedded. */
export type HelperName = (typeof helperNames)[number];

export interface Helpers {
  /** The argv prefix that starts a helper; unpacks the embedded helpers on first need. */
  command(name: HelperName): readonly string[];
}

export interface HelpersOptions {
  /** `Directories.data`; the helpers live in `libexec/<digest>` below it. */
  readonly dataDirectory: string;
  /** `Directories.runtime`; where they go when the data directory cannot be written or does not allow execution. */
  readonly runtimeDirectory?: string;
  /** Absolute paths by name (`[helpers]` in config.toml); they win over the embedded ones. */
  readonly configured: Readonly<Record<string, string>>;
  /** What unpacks the embedded ones (unpack-helpers.ts); without it only those are found that were unpacked before. */
  readonly unpacking?: {
    unpackHelpers(bundle: Uint8Array, target: string): void;
    ensurePrivateDirectory(path: string): void;
  };
}

function configuredCommand(name: HelperName, path: string): readonly string[] {
  if (Bun.which(path) !== null) return [path];
  throw new BerthError(
    "unsupported",
    `helper program ${name} cannot be used: ${path} is no program that this user can execute`,
    { hint: `correct or remove "${name}" below [helpers] in config.toml` },
  );
}

/** Helpers found on the PATH, for tests and for running from source. `configured` paths win. */
export function helpersOnPath(configured: Readonly<Record<string, string>>): Helpers {
  return {
    command(name) {
      const path = configured[name];
      if (path !== undefined) return configuredCommand(name, path);
      const found = Bun.which(name);
      if (found === null) throw new BerthError("unsupported", `helper program ${name} is not installed`);
      return [found];
    },
  };
}

function codeFor(error: unknown): ErrorCode {
  const code = systemErrorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") return "no-space";
  return code === "EROFS" ? "read-only" : "unsupported";
}

interface Attempt {
  readonly directory: string;
  readonly error: unknown;
}

/**
 * The helpers that came with the executable (`embedded`), or those of the PATH where nothing is embedded.
 * Nothing is read before the first `command()`; when they are unpacked already, that costs one look.
 */
export function openHelpers(options: HelpersOptions, embedded = embeddedHelpersArchive): Helpers {
  const onPath = helpersOnPath(options.configured);
  let bundle: ReturnType<typeof embedded>;
  let directory: string | undefined;
  let attempts: readonly Attempt[] | undefined;

  function findOrUnpack(archive: NonNullable<typeof bundle>): string | undefined {
    const [anyProgram] = Object.keys(archive.programs);
    // The directory appears with everything in it (unpackHelpers).
    const isComplete = (directory: string) => Bun.which(`${directory}/${anyProgram}`) !== null;
    const own = `${options.dataDirectory}/libexec/${archive.digest}`;
    if (isComplete(own)) return own;
    const { unpacking } = options;
    if (unpacking === undefined)
      throw new BerthError("unsupported", "the embedded helper programs were not unpacked yet");
    const failed: Attempt[] = [];
    try {
      unpacking.unpackHelpers(archive.read(), own);
      return own;
    } catch (error) {
      failed.push({ directory: own, error });
    }
    if (options.runtimeDirectory !== undefined) {
      const fallback = `${options.runtimeDirectory}/libexec/${archive.digest}`;
      try {
        unpacking.ensurePrivateDirectory(options.runtimeDirectory);
        if (!isComplete(fallback)) unpacking.unpackHelpers(archive.read(), fallback);
        return fallback;
      } catch (error) {
        failed.push({ directory: fallback, error });
      }
    }
    attempts = failed;
    return undefined;
  }

  function installed(name: HelperName, failed: readonly Attempt[]): readonly string[] {
    const path = Bun.which(name);
    if (path !== null) return [path];
    const reasons = failed.map((attempt) => `to ${attempt.directory}: ${messageOf(attempt.error)}`);
    throw new BerthError(
      codeFor(failed[0]?.error),
      `helper program ${name} is not installed, and berth's own could not be unpacked ${reasons.join("; ")}`,
      {
        hint: "make one of these directories writable, or name the program below [helpers] in config.toml",
        cause: failed[0]?.error,
      },
    );
  }

  return {
    command(name) {
      if (options.configured[name] !== undefined) return onPath.command(name);
      bundle ??= embedded();
      if (bundle === undefined || name === "pasta") return onPath.command(name);
      if (directory === undefined && attempts === undefined) directory = findOrUnpack(bundle);
      if (directory === undefined) return installed(name, attempts ?? []);
      const program = `${directory}/${name}`;
      if (bundle.programs[name] === "static") return [program];
      return [`${directory}/${bundle.loader}`, "--library-path", directory, program];
    },
  };
}
