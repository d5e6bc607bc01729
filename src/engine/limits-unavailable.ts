import { join } from "node:path";
import { BerthError } from "../base/errors.ts";
import type { CgroupSurroundings } from "../sys/cgroup-place.ts";
import type { Controller } from "../sys/cgroup-settings.ts";

export interface LimitsWanted {
  readonly surroundings: CgroupSurroundings;
  readonly needed: readonly Controller[];
  /** `--cgroup-parent` */
  readonly parent: string | undefined;
  /** What the user's systemd has, where that can be told. */
  readonly given: readonly string[] | undefined;
  readonly hasManager: boolean;
}

/** Why limits cannot be had: what is missing, where, and what an administrator would do about it. */
export function noLimitsHere(wanted: LimitsWanted): BerthError {
  const { needed } = wanted;
  const what =
    needed.length === 0 ? "cannot make a cgroup" : `cannot limit the container (${needed.join(", ")})`;
  const { why, hint } = reason(wanted);
  return new BerthError("unsupported", `${what}: ${why}`, { hint });
}

const delegateHint =
  "an administrator can delegate them with [Service] Delegate=cpu cpuset io memory pids in " +
  "/etc/systemd/system/user@.service.d/delegate.conf";

function reason({ surroundings, needed, parent, given, hasManager }: LimitsWanted): {
  readonly why: string;
  readonly hint: string;
} {
  const { mountPoint, versionOne, levels } = surroundings;
  const old = needed.filter((controller) => versionOne.includes(controller));
  if (old.length > 0) {
    return {
      why: `${listed(old)} cgroup v1 on this machine, which cannot be delegated to users`,
      hint: "an administrator can boot with systemd.unified_cgroup_hierarchy=1 to have cgroup v2 alone",
    };
  }
  if (mountPoint === undefined) {
    return {
      why: "no cgroup v2 hierarchy with this process in it is mounted",
      hint: "an administrator can mount it at /sys/fs/cgroup, or boot with systemd.unified_cgroup_hierarchy=1",
    };
  }
  if (parent !== undefined) {
    const path = join(mountPoint, parent);
    return {
      why: parent.endsWith(".slice")
        ? `there is no systemd of this user to ask for the slice ${parent}`
        : `${path} is not a cgroup that this user may have children in with these controllers`,
      hint: `cgroup.procs and cgroup.subtree_control below ${path} have to be writable for this user`,
    };
  }
  const lacking = needed.filter((controller) => !(given ?? []).includes(controller));
  if (hasManager && given !== undefined && lacking.length > 0)
    return {
      why: `${listed(lacking)} nobody but the system: this user's systemd lacks them`,
      hint: delegateHint,
    };
  const usable = levels.filter(({ writable, managed }) => writable && !managed);
  const missing = needed.filter(
    (controller) => !usable.some(({ available }) => available.includes(controller)),
  );
  if (usable[0] !== undefined && missing.length > 0) {
    return {
      why: `${join(usable[0].path, "cgroup.controllers")} has no ${missing.join(", ")}`,
      hint: "an administrator can enable controllers in cgroup.subtree_control of the cgroups above it",
    };
  }
  return {
    why: `the cgroup ${levels[0]?.path ?? mountPoint} is not delegated to this user, and there is no systemd of this user to ask`,
    hint: "log in so that `systemctl --user` works (over ssh, with loginctl enable-linger), or have an administrator delegate a cgroup",
  };
}

const listed = (names: readonly string[]) =>
  names.length === 1
    ? `the controller ${names[0]} belongs to`
    : `the controllers ${names.slice(0, -1).join(", ")} and ${names.at(-1)} belong to`;
