/** One cgroup v2 for one container: made before its first process, removed after its last. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import type { CgroupPlace } from "./cgroup-place.ts";
import type { CgroupSetting, Controller } from "./cgroup-settings.ts";

/** Where processes go that have to leave a cgroup whose children shall be limited. */
const refugeName = "berth-host";

/** Makes the cgroup `name` at a place, with its limits. Throws with the file that could not be written. */
export function makeCgroup(place: CgroupPlace, name: string, settings: readonly CgroupSetting[]): string {
  if (place.evacuate) evacuate(place.path);
  enableControllers(place.path, place.enable);
  const path = join(place.path, name);
  try {
    removeCgroup(path); // of an earlier run whose monitor was killed
    mkdirSync(path);
    applySettings(path, settings);
    return path;
  } catch (error) {
    removeCgroup(path);
    throw error instanceof BerthError ? error : cannot(`make the cgroup ${path}`, error);
  }
}

/** Lets the children of a cgroup have controllers. */
export function enableControllers(path: string, controllers: readonly Controller[]): void {
  for (const controller of controllers)
    writeCgroupFile(join(path, "cgroup.subtree_control"), `+${controller}`);
}

/** Writes limits, also of a cgroup with processes in it. */
export function applySettings(path: string, settings: readonly CgroupSetting[]): void {
  for (const { file, value, optional } of settings) {
    try {
      writeCgroupFile(join(path, file), value);
    } catch (error) {
      const missing = error instanceof BerthError && systemErrorCode(error.cause) === "ENOENT";
      if (!(optional && missing)) throw error;
    }
  }
}

/** Moves a process, with all its threads, into a cgroup. */
export function enterCgroup(path: string, pid: number): void {
  writeCgroupFile(join(path, "cgroup.procs"), String(pid));
}

/** Moves everything but `pid` into another cgroup: what serves a container does not count for it. */
export function keepOnly(path: string, pid: number, elsewhere: string): void {
  for (const other of processesOf(path)) if (other !== pid) moveIfAlive(elsewhere, other);
}

/** Stops or continues everything in a cgroup and below it; true when the kernel says that it is done. */
export async function freezeCgroup(path: string, frozen: boolean): Promise<boolean> {
  writeCgroupFile(join(path, "cgroup.freeze"), frozen ? "1" : "0");
  const wanted = frozen ? "1" : "0";
  const deadline = performance.now() + 10_000;
  while (cgroupEvents(path, "cgroup.events").get("frozen") !== wanted) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(1);
  }
  return true;
}

/** How many processes of a cgroup were killed because its memory was used up. */
export function outOfMemoryKills(path: string): number {
  return Number(cgroupEvents(path, "memory.events").get("oom_kill") ?? 0);
}

/**
 * Removes a cgroup and those that were made in it. It may take the kernel a moment to forget the last process; a cgroup
 * with processes stays, because they are not ours to end.
 */
export function removeCgroup(path: string): void {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      removeTree(path);
      return;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "ENOENT") return;
      if (code !== "EBUSY") throw cannot(`remove the cgroup ${path}`, error);
    }
    Bun.sleepSync(5);
  }
}

function removeTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  rmdirSync(path);
}

/** Whatever forks while it is moved is found in the next round. */
function evacuate(path: string): void {
  const refuge = join(path, refugeName);
  mkdirSync(refuge, { recursive: true });
  for (let round = 0; round < 100; round++) {
    const left = processesOf(path);
    if (left.length === 0) return;
    for (const pid of left) moveIfAlive(refuge, pid);
  }
  throw new BerthError(
    "unsupported",
    `the processes of the cgroup ${path} could not be moved out of the way`,
  );
}

function moveIfAlive(path: string, pid: number): void {
  try {
    enterCgroup(path, pid);
  } catch (error) {
    if (!(error instanceof BerthError && systemErrorCode(error.cause) === "ESRCH")) throw error;
  }
}

/** The pids of a cgroup, without those of cgroups below it. */
export function processesOf(path: string): readonly number[] {
  return readFileSync(join(path, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
}

/** A file of `key value` lines; empty where there is none. */
export function cgroupEvents(path: string, file: string): ReadonlyMap<string, string> {
  try {
    const lines = readFileSync(join(path, file), "utf8").split("\n").filter(Boolean);
    return new Map(lines.map((line) => line.split(" ") as [string, string]));
  } catch {
    return new Map();
  }
}

/** cgroupfs takes one value per write(2), into a file that must be there. */
function writeCgroupFile(path: string, value: string): void {
  try {
    writeFileSync(path, value, { flag: "r+" });
  } catch (error) {
    const missing = systemErrorCode(error) === "ENOENT";
    throw cannot(
      `write ${value} to ${path}`,
      error,
      missing ? "this kernel does not have that limit" : undefined,
    );
  }
}

function cannot(what: string, cause: unknown, hint?: string): BerthError {
  const reason = systemErrorCode(cause) ?? messageOf(cause);
  return new BerthError("unsupported", `cannot ${what}: ${reason}`, { cause, ...(hint ? { hint } : {}) });
}
