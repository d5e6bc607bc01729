import { expect, test } from "bun:test";
import { type LimitsWanted, noLimitsHere } from "../../../src/engine/limits-unavailable.ts";

const wanted = (facts: Partial<LimitsWanted>): LimitsWanted => ({
  surroundings: { mountPoint: "/cg", versionOne: [], levels: [] },
  needed: ["memory", "pids"],
  parent: undefined,
  given: undefined,
  hasManager: false,
  ...facts,
});
const level = { path: "/cg/job", writable: true, managed: false, enabled: [], populated: true };

test.each<readonly [string, Partial<LimitsWanted>, RegExp, RegExp]>([
  [
    "a controller of version one",
    { surroundings: { mountPoint: "/cg/unified", versionOne: ["cpu", "memory"], levels: [] } },
    /^cannot limit the container \(memory, pids\): the controller memory belongs to cgroup v1/,
    /systemd\.unified_cgroup_hierarchy=1/,
  ],
  [
    "no hierarchy",
    { surroundings: { mountPoint: undefined, versionOne: [], levels: [] } },
    /no cgroup v2 hierarchy/,
    /mount it at \/sys\/fs\/cgroup/,
  ],
  [
    "a parent that is closed",
    { parent: "/elsewhere" },
    /\/cg\/elsewhere is not a cgroup that this user may have children in/,
    /cgroup\.procs and cgroup\.subtree_control/,
  ],
  [
    "a slice without systemd",
    { parent: "x.slice" },
    /no systemd of this user to ask for the slice x\.slice/,
    /./,
  ],
  [
    "a systemd without the controller",
    { hasManager: true, given: ["pids"] },
    /the controller memory belongs to nobody but the system: this user's systemd lacks them/,
    /Delegate=cpu cpuset io memory pids/,
  ],
  [
    "a delegated cgroup without the controller",
    {
      surroundings: { mountPoint: "/cg", versionOne: [], levels: [{ ...level, available: ["memory"] }] },
    },
    /\/cg\/job\/cgroup\.controllers has no pids/,
    /cgroup\.subtree_control of the cgroups above/,
  ],
  [
    "a cgroup that belongs to somebody else",
    {
      surroundings: {
        mountPoint: "/cg",
        versionOne: [],
        levels: [{ ...level, available: ["memory", "pids"], writable: false }],
      },
    },
    /the cgroup \/cg\/job is not delegated to this user/,
    /systemctl --user/,
  ],
])("%s is named, with what would help", (_, facts, message, hint) => {
  const error = noLimitsHere(wanted(facts));
  expect(error.message).toMatch(message);
  expect(error.hint).toMatch(hint);
});
