/**
 * Where in the cgroup hierarchy this process may limit others (Documentation/admin-guide/cgroup-v2.rst, "Delegation").
 * Reading the surroundings and choosing a place are apart, so that the choice is a pure function.
 */
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Controller, controllers } from "./cgroup-settings.ts";
import { fileSyscalls } from "./file-syscalls.ts";

/** A directory of the hierarchy that this process is in, or that is above it. */
export interface CgroupLevel {
  readonly path: string;
  /** Cgroups can be made in it, and processes moved there. */
  readonly writable: boolean;
  /** systemd keeps it in order by itself and may undo what others do there, because it was not delegated. */
  readonly managed: boolean;
  /** What may be enabled for its children, and what is. */
  readonly available: readonly string[];
  readonly enabled: readonly string[];
  /** It has processes of its own, which keeps it from enabling controllers ("no internal process constraint"). */
  readonly populated: boolean;
}

export interface CgroupSurroundings {
  /** Where cgroup v2 is mounted; undefined where it is not, or not with what this process is in. */
  readonly mountPoint: string | undefined;
  /** Controllers that belong to cgroup v1 here. */
  readonly versionOne: readonly string[];
  /** From the process's own cgroup upward. */
  readonly levels: readonly CgroupLevel[];
}

/** What has to be done before a child of `path` can have the controllers. */
export interface CgroupPlace {
  readonly path: string;
  readonly enable: readonly Controller[];
  /** Its own processes have to move into a child first. */
  readonly evacuate: boolean;
}

/** The nearest level that can have a child with these controllers; one where nothing has to be changed comes first. */
export function chooseCgroupPlace(
  levels: readonly CgroupLevel[],
  needed: readonly Controller[],
): CgroupPlace | undefined {
  const places = levels
    .filter(({ writable, managed }) => writable && !managed)
    .filter(({ available }) => needed.every((controller) => available.includes(controller)))
    .map(({ path, enabled, populated }) => {
      const enable = needed.filter((controller) => !enabled.includes(controller));
      return { path, enable, evacuate: populated && enable.length > 0 };
    });
  return (
    places.find(({ enable }) => enable.length === 0) ?? places.find(({ evacuate }) => !evacuate) ?? places[0]
  );
}

/** Reads `/proc/self/{mountinfo,cgroup}` and the levels. `proc` stands in for /proc in tests. */
export function readCgroupSurroundings(proc = "/proc/self"): CgroupSurroundings {
  const mounts = parseMounts(readText(join(proc, "mountinfo")));
  const versionOne = mounts.flatMap(({ type, options }) =>
    type === "cgroup" ? options.filter((option) => (controllers as readonly string[]).includes(option)) : [],
  );
  const own = /^0::(\/.*)$/m.exec(readText(join(proc, "cgroup")))?.[1];
  const mount = mounts.find(
    ({ type, root }) => type === "cgroup2" && own !== undefined && below(root, own) !== undefined,
  );
  if (mount === undefined || own === undefined) return { mountPoint: undefined, versionOne, levels: [] };
  const levels: CgroupLevel[] = [];
  let path = join(mount.target, below(mount.root, own)!).replace(/\/$/, "");
  for (; path.length > mount.target.length; path = dirname(path)) levels.push(readCgroupLevel(path));
  levels.push(readCgroupLevel(mount.target));
  return { mountPoint: mount.target, versionOne, levels };
}

export function readCgroupLevel(path: string): CgroupLevel {
  return {
    path,
    writable: ["", "cgroup.procs", "cgroup.subtree_control"].every((file) => isWritable(join(path, file))),
    managed: isManaged(path),
    available: words(join(path, "cgroup.controllers")),
    enabled: words(join(path, "cgroup.subtree_control")),
    // The root of the whole hierarchy has no type, and is free of the constraint.
    populated: existsSync(join(path, "cgroup.type")) && readText(join(path, "cgroup.procs")) !== "",
  };
}

/** The path of `path` below `root`, beginning with a slash; undefined where it is not below. */
function below(root: string, path: string): string | undefined {
  if (path.startsWith("/../") || path === "/..") return undefined;
  if (root === "/") return path;
  if (path === root) return "/";
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

/**
 * What a user's systemd has made, all of which is writable for the user, is its own to arrange, unless it says that it
 * was delegated (systemd, CGROUP_DELEGATION.md) or is a scope that berth asked for.
 */
function isManaged(path: string): boolean {
  const [, manager, rest] = /^(.*\/user@\d+\.service)(\/.*|)$/.exec(path) ?? [];
  if (manager === undefined || rest === undefined) return false;
  if (/\/berth-[^/]+\.scope(\/|$)/.test(rest)) return false;
  for (let level = path; level !== manager; level = dirname(level)) if (saysDelegated(level)) return false;
  return true;
}

function saysDelegated(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return false;
  }
  try {
    const value = fileSyscalls.getAttribute(fd, "user.delegate");
    return typeof value !== "number" && value.toString() === "1";
  } finally {
    closeSync(fd);
  }
}

interface Mount {
  readonly root: string;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The lines of proc_pid_mountinfo(5): `… root target … - type source options`. */
function parseMounts(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const [, , , root, target] = before?.split(" ") ?? [];
    const [type, , options] = after?.split(" ") ?? [];
    if (root === undefined || target === undefined || type === undefined) return [];
    return [
      { root: unescapeOctal(root), target: unescapeOctal(target), type, options: options?.split(",") ?? [] },
    ];
  });
}

const unescapeOctal = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

function words(path: string): readonly string[] {
  return readText(path).split(/\s+/).filter(Boolean);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
