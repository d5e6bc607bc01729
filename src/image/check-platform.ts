import { BerthError } from "../base/errors.ts";
import { formatPlatform, platformMatches } from "../oci/platform.ts";
import { formatReference, trimReference } from "../oci/reference.ts";
import type { ImageConfig, Platform, Reference } from "../oci/types.ts";

/**
 * Refuses an image that is not for Linux, or not for the platform that was asked for. Throws `unsupported` and `not-found`
 * in Docker's words.
 */
export function checkPlatform(config: ImageConfig, asked: Platform | undefined, reference: Reference): void {
  if (config.os !== "" && config.os !== "linux") {
    throw new BerthError(
      "unsupported",
      `image operating system "${config.os}" cannot be used on this platform`,
    );
  }
  if (asked === undefined) return;
  const { architecture, variant } = config;
  const actual: Platform = { os: config.os || "linux", architecture, ...(variant ? { variant } : {}) };
  if (platformMatches(actual, asked)) return;
  throw new BerthError(
    "not-found",
    `image with reference ${formatReference(trimReference(reference))} was found but does not match the specified ` +
      `platform: wanted ${formatPlatform(asked)}, actual: ${formatPlatform(actual)}`,
  );
}
