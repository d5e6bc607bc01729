import { type StorageDriver, storageDrivers } from "../base/configuration.ts";
import { BerthError, isBerthError, messageOf } from "../base/errors.ts";
import { probeDriver } from "../snapshot/probe-driver.ts";
import { selfCommand } from "../sys/self-command.ts";
import type { EngineContext } from "./context.ts";

/**
 * The storage driver, and why: by `--storage-driver`, `BERTH_STORAGE_DRIVER`, `storage-driver` of config.toml, or else
 * by what works here. Only fuse-overlayfs can show an image in a user namespace that it was not unpacked for.
 */
export async function chooseDriver(
  context: EngineContext,
  flag: string | undefined,
  userns?: string,
): Promise<{ readonly driver: StorageDriver; readonly reason: string }> {
  const wanted =
    flag ?? (context.env.BERTH_STORAGE_DRIVER || undefined) ?? context.configuration.storageDriver;
  const forced = storageDrivers.find((driver) => driver === wanted);
  if (wanted !== undefined && forced === undefined) {
    throw new BerthError("invalid-argument", `unknown storage driver "${wanted}"`, {
      hint: `choose one of ${storageDrivers.join(", ")}`,
    });
  }
  const translates = userns?.startsWith("keep-id") ?? false;
  if (translates && flag !== undefined && flag !== "fuse-overlayfs")
    throw new BerthError("unsupported", `--userns=${userns} does not go with the storage driver ${flag}`, {
      hint: "it needs fuse-overlayfs, which is taken when no other is asked for",
    });
  const choosing = probeDriver({
    helpers: context.helpers,
    identity: context.identity,
    selfCommand: selfCommand(),
    dataDirectory: context.directories.data,
    reserve: () => context.store.temporary.reserve("probe"),
    runtimeDirectory: context.directories.runtime,
    ...(translates ? { forced: "fuse-overlayfs" } : forced === undefined ? {} : { forced }),
  });
  return translates ? choosing.catch((error: unknown) => refuseTranslation(userns, error)) : choosing;
}

function refuseTranslation(userns: string | undefined, error: unknown): never {
  if (!isBerthError(error, "unsupported")) throw error;
  throw new BerthError("unsupported", `--userns=${userns} needs fuse-overlayfs: ${messageOf(error)}`, {
    hint: "without --userns, what root in the container writes into your directories is yours, too",
    cause: error,
  });
}
