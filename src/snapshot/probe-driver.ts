import { O } from "../sys/kernel-numbers.ts";
import { type StorageDriver, storageDrivers } from "../base/configuration.ts";
import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { makeDirectories, rename } from "../sys/directory-entries.ts";
import { close, open, requireWritable, writeFile } from "../sys/files.ts";
import { randomHex } from "../sys/random-hex.ts";
import {
  choiceFile,
  circumstances,
  type DriverChoice,
  type KeptChoice,
  knownDriver,
} from "./known-driver.ts";
import { runWorker, type WorkerEnvironment } from "./run-worker.ts";

export interface ProbeOptions extends WorkerEnvironment {
  /** The store; it is created when it is missing. */
  readonly dataDirectory: string;
  /** A name in the store's `tmp/` that nobody sweeps. */
  readonly reserve: () => Disposable & { readonly path: string };
  /** Where to try instead when the store cannot be written: then nothing but reading it is wanted of the driver. */
  readonly runtimeDirectory?: string;
  /** What the user asked for, by flag, environment or configuration. */
  readonly forced?: StorageDriver;
}

/**
 * The best storage driver that works on the store's file system, found by trying. The answer is kept in
 * `storage-driver.json` of the store until the kernel, the boot, the file system or the id map changes. A forced
 * driver that does not work is `unsupported`, with the reason.
 */
export async function probeDriver(options: ProbeOptions): Promise<DriverChoice> {
  const { forced } = options;
  if (forced !== undefined) {
    const problem = await problemWith(forced, options);
    if (problem === undefined) return { driver: forced, reason: "asked for" };
    throw new BerthError("unsupported", `storage driver ${forced} cannot be used: ${problem}`, {
      hint: "leave the choice to berth, or use --storage-driver copy, which always works",
    });
  }
  const { dataDirectory, identity } = options;
  const known = knownDriver(dataDirectory, identity);
  if (known !== undefined) return known;
  const problems: string[] = [];
  for (const driver of storageDrivers) {
    const problem = await problemWith(driver, options);
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    const reason = problems.length === 0 ? "it works in this user's namespaces" : problems.join("; ");
    const choice: DriverChoice = { driver, reason };
    keepChoice(dataDirectory, { key: circumstances(dataDirectory, identity), ...choice });
    return choice;
  }
  throw new BerthError("internal", "no storage driver works");
}

/** Why a driver cannot be used; undefined when it can. */
async function problemWith(driver: StorageDriver, options: ProbeOptions): Promise<string | undefined> {
  try {
    switch (driver) {
      case "overlay":
        return await problemWithOverlay(options);
      case "fuse-overlayfs":
        options.helpers.command("fuse-overlayfs");
        close(open("/dev/fuse", O.RDWR));
        return undefined;
      case "copy":
        return undefined;
      default:
        return driver satisfies never;
    }
  } catch (error) {
    return messageOf(error);
  }
}

async function problemWithOverlay(options: ProbeOptions): Promise<undefined> {
  using place = placeForTrying(options);
  await runWorker(options, { kind: "probe-overlay", directory: place.path });
}

/** A directory that does not exist yet. */
function placeForTrying(options: ProbeOptions): Disposable & { readonly path: string } {
  const { dataDirectory, runtimeDirectory, reserve } = options;
  const inStore = `${dataDirectory}/tmp`;
  try {
    makeDirectories(inStore, 0o700);
    requireWritable(inStore);
    return reserve();
  } catch (error) {
    const refused = ["EROFS", "EACCES"].includes(systemErrorCode(error) ?? "");
    if (!refused || runtimeDirectory === undefined) throw error;
    makeDirectories(runtimeDirectory, 0o700);
    return { path: `${runtimeDirectory}/probe-${randomHex(8)}`, [Symbol.dispose]() {} };
  }
}

function keepChoice(dataDirectory: string, kept: KeptChoice): void {
  const path = `${dataDirectory}/${choiceFile}`;
  try {
    writeFile(`${path}.${process.pid}`, JSON.stringify(kept), 0o600);
    rename(`${path}.${process.pid}`, path);
  } catch {
    // A read-only store is probed each time.
  }
}
