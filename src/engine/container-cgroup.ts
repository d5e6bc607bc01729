import { accessSync, constants, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { BerthError } from "../base/errors.ts";
import type { NetworkAttachment } from "../container/launch.ts";
import { applySettings, keepOnly, makeCgroup, outOfMemoryKills, removeCgroup } from "../sys/cgroup.ts";
import {
  type CgroupPlace,
  type CgroupSurroundings,
  chooseCgroupPlace,
  readCgroupLevel,
  readCgroupSurroundings,
} from "../sys/cgroup-place.ts";
import {
  type CgroupSetting,
  type Controller,
  cgroupSettings,
  controllers,
  controllersOf,
} from "../sys/cgroup-settings.ts";
import type { ResourceLimits } from "../sys/resource-limits.ts";
import { checkLimits, readMachine } from "./check-limits.ts";
import { noLimitsHere } from "./limits-unavailable.ts";
import type { RunOptions } from "./run-options.ts";
import { controllersOfUserManager, userManager } from "./user-manager.ts";

/** The cgroup of one run of a container. Disposal removes it. */
export interface ContainerCgroup extends Disposable {
  readonly path: string;
  /** What berth itself needed to start the first process leaves: it does not count. */
  readonly settle: NetworkAttachment;
  /** Sets the limits of memory and tasks, once the program runs: until then berth's own init counts, and may not fit. */
  limitProgram(): void;
  /** Whether the kernel killed something in it to get memory back. */
  ranOutOfMemory(): boolean;
}

type Asked = Pick<RunOptions, "resources" | "cgroupParent">;
type Environment = Readonly<Record<string, string | undefined>>;

/** How a cgroup can be had: made by this very process, or by one to which systemd gives a scope of its own. */
export type CgroupAccess =
  | { readonly by: "delegation"; readonly place: CgroupPlace }
  | { readonly by: "systemd"; readonly command: readonly string[] };

/**
 * Where what was asked for can be had. Throws `invalid-argument` for limits that make no sense, and `unsupported` with
 * what is missing: a limit is never left out.
 */
export function cgroupAccess({ resources, cgroupParent }: Asked, env: Environment): CgroupAccess {
  if (resources) checkLimits(resources, readMachine());
  return accessTo(controllersOf(settingsFor(resources)), cgroupParent, env);
}

function accessTo(needed: readonly Controller[], parent: string | undefined, env: Environment): CgroupAccess {
  const surroundings = readCgroupSurroundings();
  const place = isSlice(parent) ? undefined : placeIn(surroundings, parent, needed);
  if (place !== undefined) return { by: "delegation", place };
  const manager = userManager(env);
  const given = controllersOfUserManager(surroundings.mountPoint);
  const isPath = parent !== undefined && !isSlice(parent);
  const hasAll = given === undefined || needed.every((controller) => given.includes(controller));
  if (manager !== undefined && surroundings.mountPoint !== undefined && !isPath && hasAll)
    return { by: "systemd", command: manager.scopeCommand(parent) };
  throw noLimitsHere({ surroundings, needed, parent, given, hasManager: manager !== undefined });
}

const isSlice = (parent: string | undefined) => parent?.endsWith(".slice") === true;

/** What limits there are for this user, and why there are no others. */
export function limitSupport(env: Environment): {
  readonly driver: "cgroupfs" | "systemd" | "none";
  readonly controllers: readonly Controller[];
  readonly reason: string | undefined;
} {
  let driver: "cgroupfs" | "systemd" | "none" = "none";
  let reason: string | undefined;
  const supported = controllers.filter((controller) => {
    try {
      driver = accessTo([controller], undefined, env).by === "systemd" ? "systemd" : "cgroupfs";
      return true;
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      reason = error.message;
      return false;
    }
  });
  return { driver, controllers: supported, reason };
}

/** Makes the cgroup of a container that is about to start. A scope that systemd made for us is our own cgroup by now. */
export function openContainerCgroup(id: string, { resources, cgroupParent }: Asked): ContainerCgroup {
  const settings = settingsFor(resources);
  const needed = controllersOf(settings);
  const parent = isSlice(cgroupParent) ? undefined : cgroupParent;
  const surroundings = readCgroupSurroundings();
  const place = placeIn(surroundings, parent, needed);
  if (place === undefined)
    throw noLimitsHere({ surroundings, needed, parent, given: undefined, hasManager: false });
  const isLate = ({ file }: CgroupSetting) => ["memory.max", "memory.swap.max", "pids.max"].includes(file);
  const late = settings.filter(isLate);
  // Without a limit for now, which shows whether there can be one.
  const first = settings.map((setting) => (isLate(setting) ? { ...setting, value: "max" } : setting));
  const path = makeCgroup(place, `berth-${id.slice(0, 12)}`, first);
  // Read after it: making it may have moved this process.
  const own = readCgroupSurroundings().levels[0]!.path;
  return {
    path,
    settle: async (pid) => keepOnly(path, pid, own),
    limitProgram: () => applySettings(path, late),
    ranOutOfMemory: () => outOfMemoryKills(path) > 0,
    [Symbol.dispose]: () => removeCgroup(path),
  };
}

/**
 * The words before a command that may enter a container's cgroup: none where this process may. From a login session one
 * may not enter what the user's systemd has, but what systemd has started may.
 */
export function scopeToEnter(path: string, env: Environment): readonly string[] {
  const [own] = readCgroupSurroundings().levels;
  if (own !== undefined && mayMove(own.path, path)) return [];
  return userManager(env)?.scopeCommand(undefined) ?? [];
}

function placeIn(
  { mountPoint, levels }: CgroupSurroundings,
  parent: string | undefined,
  needed: readonly Controller[],
): CgroupPlace | undefined {
  const [own] = levels;
  if (mountPoint === undefined || own === undefined) return undefined;
  if (parent === undefined) return chooseCgroupPlace(levels, needed);
  const path = join(mountPoint, parent);
  return mayMove(own.path, path) ? chooseCgroupPlace([readCgroupLevel(path)], needed) : undefined;
}

/** Whoever moves a process must be allowed to at the lowest cgroup that both places are in (cgroups(7), "Delegation"). */
function mayMove(from: string, to: string): boolean {
  let common = from;
  while (to !== common && !to.startsWith(`${common}/`)) common = dirname(common);
  try {
    accessSync(join(common, "cgroup.procs"), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The settings for limits; a device must be there to be named by its number. */
export function settingsFor(limits: ResourceLimits | undefined): readonly CgroupSetting[] {
  return cgroupSettings(limits ?? {}, blockDeviceNumber);
}

/** `major:minor`, from the kernel's encoding in st_rdev (makedev(3)). */
function blockDeviceNumber(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stat === undefined) throw new BerthError("invalid-argument", `no such device: ${path}`);
  if (!stat.isBlockDevice())
    throw new BerthError("invalid-argument", `${path} is not a block device and cannot be limited`);
  const device = stat.rdev;
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}
