import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import type { helperNames } from "../base/configuration.ts";
import { BerthError, type ErrorCode, messageOf, systemErrorCode } from "../base/errors.ts";
import { embeddedHelpersArchive } from "./embedded.ts";
import { ensurePrivateDirectory, unpackHelpers } from "./unpack-helpers.ts";

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
}

function configuredCommand(name: HelperName, path: string): readonly string[] {
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    throw new BerthError("unsupported", `helper program ${name} cannot be used: ${messageOf(error)}`, {
      hint: `correct or remove "${name}" below [helpers] in config.toml`,
      cause: error,
    });
  }
  return [path];
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

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false; // a part of the path is no directory or closed to us: unpacking says which
  }
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
 * Nothing is read before the first `command()`; when they are unpacked already, that costs one stat.
 */
export function openHelpers(options: HelpersOptions, embedded = embeddedHelpersArchive): Helpers {
  const onPath = helpersOnPath(options.configured);
  let bundle: ReturnType<typeof embedded>;
  let directory: string | undefined;
  let attempts: readonly Attempt[] | undefined;

  function findOrUnpack(archive: NonNullable<typeof bundle>): string | undefined {
    const own = join(options.dataDirectory, "libexec", archive.digest);
    if (isDirectory(own)) return own;
    const failed: Attempt[] = [];
    try {
      unpackHelpers(archive.read(), own);
      return own;
    } catch (error) {
      failed.push({ directory: own, error });
    }
    if (options.runtimeDirectory !== undefined) {
      const fallback = join(options.runtimeDirectory, "libexec", archive.digest);
      try {
        ensurePrivateDirectory(options.runtimeDirectory);
        if (!isDirectory(fallback)) unpackHelpers(archive.read(), fallback);
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
      const program = join(directory, name);
      if (bundle.programs[name] === "static") return [program];
      return [join(directory, bundle.loader), "--library-path", directory, program];
    },
  };
}
