import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CgroupLevel,
  chooseCgroupPlace,
  readCgroupSurroundings,
} from "../../../src/sys/cgroup-place.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const level = (path: string, facts: Partial<CgroupLevel> = {}): CgroupLevel => ({
  path,
  writable: true,
  managed: false,
  available: ["cpu", "memory", "pids"],
  enabled: [],
  populated: false,
  ...facts,
});

describe("a place for a container's cgroup", () => {
  test("is the nearest level where the controllers are enabled already", () => {
    const levels = [
      level("/a/b/c", { populated: true }),
      level("/a/b", { enabled: ["memory", "pids"] }),
      level("/a"),
    ];
    expect(chooseCgroupPlace(levels, ["memory"])).toEqual({ path: "/a/b", enable: [], evacuate: false });
  });

  test("is the nearest level without processes, where they can be enabled", () => {
    const levels = [level("/a/b", { populated: true }), level("/a", { enabled: ["pids"] })];
    expect(chooseCgroupPlace(levels, ["memory", "pids"])).toEqual({
      path: "/a",
      enable: ["memory"],
      evacuate: false,
    });
  });

  test("is the own cgroup after its processes moved, where there is no other", () => {
    const levels = [
      level("/a/b", { populated: true }),
      level("/a", { writable: false, enabled: ["memory"] }),
    ];
    expect(chooseCgroupPlace(levels, ["memory"])).toEqual({
      path: "/a/b",
      enable: ["memory"],
      evacuate: true,
    });
  });

  test("needs nothing to move where no controller is needed", () => {
    expect(chooseCgroupPlace([level("/a", { populated: true })], [])).toEqual({
      path: "/a",
      enable: [],
      evacuate: false,
    });
  });

  test.each([
    ["closed to this user", { writable: false }],
    ["kept in order by systemd", { managed: true }],
    ["without the controller", { available: ["pids"] }],
  ])("is not one %s", (_, facts) => {
    expect(chooseCgroupPlace([level("/a", facts)], ["memory"])).toBeUndefined();
  });
});

const directory = temporaryDirectory();
afterAll(() => directory[Symbol.dispose]());
let trees = 0;

/** A pretended hierarchy: what /proc says about a process in `own`, and the files of the levels. */
function hierarchy(
  own: string,
  levels: Readonly<Record<string, Readonly<Record<string, string>>>>,
  root = "/",
) {
  const base = join(directory.path, String(trees++));
  const mountPoint = join(base, "tree");
  for (const [path, files] of Object.entries(levels)) {
    mkdirSync(join(mountPoint, path), { recursive: true });
    for (const [name, text] of Object.entries({ "cgroup.procs": "", "cgroup.subtree_control": "", ...files }))
      writeFileSync(join(mountPoint, path, name), text);
  }
  const lines = [
    "22 1 0:20 / /proc rw shared:1 - proc proc rw",
    "23 1 0:21 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
    "24 1 0:22 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
    "25 1 0:23 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd",
    `26 1 0:24 ${root} ${mountPoint} rw,nosuid - cgroup2 cgroup2 rw`,
  ];
  writeFileSync(join(base, "mountinfo"), `${lines.join("\n")}\n`);
  writeFileSync(join(base, "cgroup"), `12:memory:/elsewhere\n0::${own}\n`);
  return { base, mountPoint };
}

describe("the surroundings of a process", () => {
  test("are its cgroup and all above, with what they have", () => {
    const { base, mountPoint } = hierarchy("/jobs/7", {
      "jobs/7": { "cgroup.type": "domain\n", "cgroup.controllers": "memory pids\n", "cgroup.procs": "12\n" },
      jobs: { "cgroup.type": "domain\n", "cgroup.subtree_control": "memory pids\n" },
      ".": {},
    });
    const { levels, ...rest } = readCgroupSurroundings(base);
    expect(rest).toEqual({ mountPoint, versionOne: ["memory", "cpu"] });
    expect(levels).toEqual([
      {
        path: join(mountPoint, "jobs/7"),
        writable: true,
        managed: false,
        available: ["memory", "pids"],
        enabled: [],
        populated: true,
      },
      {
        path: join(mountPoint, "jobs"),
        writable: true,
        managed: false,
        available: [],
        enabled: ["memory", "pids"],
        populated: false,
      },
      { path: mountPoint, writable: true, managed: false, available: [], enabled: [], populated: false },
    ]);
  });

  test("begin where the mount begins, in a container", () => {
    const { base, mountPoint } = hierarchy("/docker/x/own", { own: {} }, "/docker/x");
    expect(readCgroupSurroundings(base).levels.map(({ path }) => path)).toEqual([
      join(mountPoint, "own"),
      mountPoint,
    ]);
  });

  test("are one level at the root", () => {
    const { base, mountPoint } = hierarchy("/", { ".": {} });
    expect(readCgroupSurroundings(base).levels.map(({ path }) => path)).toEqual([mountPoint]);
  });

  test("are none where the process is outside of what is mounted", () => {
    const { base } = hierarchy("/elsewhere", { own: {} }, "/docker/x");
    expect(readCgroupSurroundings(base)).toEqual({
      mountPoint: undefined,
      versionOne: ["memory", "cpu"],
      levels: [],
    });
    const { base: above } = hierarchy("/../sibling", { ".": {} });
    expect(readCgroupSurroundings(above).mountPoint).toBeUndefined();
  });

  test("tell what a user's systemd keeps in order itself", () => {
    const manager = "user.slice/user-7.slice/user@7.service";
    const managed = (own: string) => {
      const { base } = hierarchy(`/${own}`, { [own]: {} });
      return readCgroupSurroundings(base).levels[0]?.managed;
    };
    expect(managed(`${manager}/app.slice/terminal.scope`)).toBe(true);
    expect(managed(manager)).toBe(true);
    expect(managed(`${manager}/app.slice/berth-1234.scope`)).toBe(false);
    expect(managed(`${manager}/app.slice/berth-1234.scope/berth-host`)).toBe(false);
    expect(managed("user.slice/user-7.slice/session-1.scope")).toBe(false);
  });
});
