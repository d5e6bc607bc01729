import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { ContainerLog } from "../container/container-log.ts";
import type { LogDriver, RunOptions } from "./run-options.ts";

/** What a container that asked for nothing is said to have: the name of the format. */
export const defaultLogDriver: LogDriver = "k8s-file";

/** Those of Docker's `local` driver. */
const defaultLimits = { maxSize: 20_000_000, maxFiles: 5 };

/** In a container's directory. */
export const logPath = (directory: string) => `${directory}/container.log`;

/**
 * The log that a container's monitor writes, undefined with `--log-driver none`. It is there from the first start on: a
 * container that has none and was started keeps no log.
 */
export function openContainerLog(
  directory: string,
  { logging }: Pick<RunOptions, "logging">,
): ContainerLog | undefined {
  if (logging?.driver === "none") return undefined;
  const { maxSize = defaultLimits.maxSize, maxFiles = defaultLimits.maxFiles } = logging ?? {};
  try {
    return new ContainerLog(logPath(directory), { maxSize, maxFiles });
  } catch (error) {
    const code = systemErrorCode(error) === "ENOSPC" ? "no-space" : "denied";
    throw new BerthError(code, `failed to initialize logging driver: ${messageOf(error)}`, { cause: error });
  }
}
