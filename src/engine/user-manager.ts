import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { randomHex } from "../sys/random-hex.ts";

/** The systemd of this user, which may be asked for a cgroup. */
export interface UserManager {
  /** The words before a command that run it in a scope of its own, in which it may make cgroups. */
  scopeCommand(slice: string | undefined): readonly string[];
}

/** Undefined where the user has no systemd, as in batch jobs, in containers and with other init systems. */
export function userManager(env: Readonly<Record<string, string | undefined>>): UserManager | undefined {
  const runtime = env.XDG_RUNTIME_DIR;
  const program = Bun.which("systemd-run", { PATH: env.PATH ?? "/usr/bin:/bin" });
  if (runtime === undefined || program === null || !isSocket(join(runtime, "systemd/private")))
    return undefined;
  return {
    scopeCommand: (slice) => [
      program,
      "--user",
      "--scope",
      "--quiet",
      "--collect",
      "--property=Delegate=yes",
      // The name tells later commands that the scope is ours to arrange (sys/cgroup-place.ts).
      `--unit=berth-${randomHex(8)}.scope`,
      ...(slice === undefined ? [] : [`--slice=${slice}`]),
      "--",
    ],
  };
}

/** The controllers that the system's systemd delegates to the user's; undefined where that cannot be told. */
export function controllersOfUserManager(mountPoint: string | undefined): readonly string[] | undefined {
  if (mountPoint === undefined) return undefined;
  const uid = process.getuid!();
  const path = `user.slice/user-${uid}.slice/user@${uid}.service/cgroup.controllers`;
  try {
    return readFileSync(join(mountPoint, path), "utf8").split(/\s+/).filter(Boolean);
  } catch {
    return undefined;
  }
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
}
