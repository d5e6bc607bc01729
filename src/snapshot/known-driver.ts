/** The storage driver that was found to work before; what finds it is probe-driver.ts. Loads no module of Node's. */
import { type StorageDriver, storageDrivers } from "../base/configuration.ts";
import { readText, statusAt } from "../sys/files.ts";
import type { IdentityMap } from "../sys/identity.ts";

export interface DriverChoice {
  readonly driver: StorageDriver;
  /** One line for `info`: why this one. */
  readonly reason: string;
}

/** As it stands in the store. */
export interface KeptChoice extends DriverChoice {
  readonly key: string;
}

/** In the store's directory. */
export const choiceFile = "storage-driver.json";

/** Undefined when nothing was tried yet, or the circumstances were others. */
export function knownDriver(dataDirectory: string, identity: IdentityMap): DriverChoice | undefined {
  try {
    const kept = JSON.parse(readText(`${dataDirectory}/${choiceFile}`)) as Partial<
      Record<keyof KeptChoice, unknown>
    >;
    const driver = kept.driver as StorageDriver;
    const isTrue = kept.key === circumstances(dataDirectory, identity);
    return isTrue && storageDrivers.includes(driver) && typeof kept.reason === "string"
      ? { driver, reason: kept.reason }
      : undefined;
  } catch {
    return undefined; // missing or damaged
  }
}

/** What an answer depends on: the kernel, its boot, the file system of the store, the id map, the user. */
export function circumstances(dataDirectory: string, identity: IdentityMap): string {
  const release = readText("/proc/sys/kernel/osrelease").trim();
  const boot = readText("/proc/sys/kernel/random/boot_id").trim();
  return [release, boot, deviceOf(dataDirectory), identity.mode, process.getuid!()].join(" ");
}

/** Of a path, or of the directory in which it will be made. */
function deviceOf(path: string): string {
  try {
    return statusAt(path).device;
  } catch {
    return deviceOf(path.slice(0, path.lastIndexOf("/")) || "/");
  }
}
