import { accessSync, constants, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import type { HostDevice } from "../container/spec.ts";
import type { DeviceOption } from "./isolation-options.ts";

/** Directories of /dev that a container has for itself, and what is of one terminal or machine only. */
const own = new Set("pts shm fd mqueue console ptmx tty null zero full random urandom".split(" "));

/** The devices of the host for one start; those of a directory one by one. */
export function hostDevices(options: readonly DeviceOption[]): readonly HostDevice[] {
  return options.flatMap(({ source, target, permissions }) => {
    const stat = statOf(source);
    if (stat.isDirectory()) {
      const found = devicesBelow(source).map((name) => ({
        source: join(source, name),
        target: join(target, name),
      }));
      if (found.length > 0) return found;
    } else if (isDevice(stat)) {
      refuseUnenforced(source, permissions);
      return [{ source: realpathSync(source), target }];
    }
    throw gathering(source, "not a device node");
  });
}

/** For `--privileged`: every device of the host that this user may open. */
export function allHostDevices(): readonly HostDevice[] {
  return devicesBelow("/dev")
    .filter((name) => !own.has(name.split("/")[0]!))
    .map((name) => `/dev/${name}`)
    .filter((path) => mayOpen(path, constants.R_OK) || mayOpen(path, constants.W_OK))
    .map((path) => ({ source: path, target: path }));
}

function devicesBelow(directory: string, prefix = ""): string[] {
  const names: string[] = [];
  for (const entry of entriesOf(join(directory, prefix))) {
    const name = join(prefix, entry.name);
    if (entry.isDirectory() && !own.has(name)) names.push(...devicesBelow(directory, name));
    else if (entry.isCharacterDevice() || entry.isBlockDevice()) names.push(name);
  }
  return names;
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // closed to this user
  }
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    throw gathering(
      path,
      systemErrorCode(cause) === "ENOENT" ? "no such file or directory" : "permission denied",
    );
  }
}

function gathering(path: string, why: string): BerthError {
  return new BerthError(
    "invalid-argument",
    `error gathering device information while adding custom device "${path}": ${why}`,
  );
}

const isDevice = (stat: Stats) => stat.isCharacterDevice() || stat.isBlockDevice();

function mayOpen(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Without root there are no device cgroups: a container may what its user may, and nobody may mknod. */
function refuseUnenforced(path: string, permissions: string): void {
  const more = (["r", "w"] as const).find(
    (letter) =>
      !permissions.includes(letter) && mayOpen(path, letter === "r" ? constants.R_OK : constants.W_OK),
  );
  if (more === undefined) return;
  throw new BerthError(
    "unsupported",
    `the device ${path} cannot be limited to "${permissions}" without root`,
    {
      hint: "the container can do with it what this user can; leave the permissions out to say so",
    },
  );
}
