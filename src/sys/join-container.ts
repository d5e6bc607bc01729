/**
 * What only a process that joins a container needs of the kernel, and the start of a program there. Apart from libc.ts,
 * because every function costs time when it is loaded.
 */
import { NR } from "./kernel-numbers.ts";
import { dlopen } from "bun:ffi";
import { lent, pointersTo } from "./libc.ts";
import { check, cString, syscall } from "./system-call.ts";
import { SystemCallError } from "./system-call-error.ts";

const { symbols: c } = dlopen("libc.so.6", {
  posix_spawn: { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "ptr"], returns: "i32" },
  posix_spawnattr_init: { args: ["ptr"], returns: "i32" },
  posix_spawnattr_setflags: { args: ["ptr", "i16"], returns: "i32" },
  posix_spawnattr_setsigdefault: { args: ["ptr", "ptr"], returns: "i32" },
  posix_spawnattr_setsigmask: { args: ["ptr", "ptr"], returns: "i32" },
  posix_spawn_file_actions_init: { args: ["ptr"], returns: "i32" },
  posix_spawn_file_actions_addopen: { args: ["ptr", "i32", "ptr", "i32", "u32"], returns: "i32" },
  posix_spawn_file_actions_adddup2: { args: ["ptr", "i32", "i32"], returns: "i32" },
});

const CLONE = { FS: 0x200, NEWNS: 0x20000, NEWCGROUP: 0x2000000, NEWPID: 0x20000000 } as const;

/**
 * Nobody without CAP_SYS_PTRACE may look into this process or open what it has open, until an execve(2)
 * (PR_SET_DUMPABLE; its child of `spawnProgram` shares it until then).
 */
export function forbidInspection(): void {
  const PR_SET_DUMPABLE = 4;
  check("prctl", syscall(NR.prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0), "PR_SET_DUMPABLE");
}

/** Enters the mounts, and the cgroup namespace if asked to, of a process; root is its root then. Only this thread. */
export function joinMounts(processFd: number, withCgroup: boolean): void {
  check("unshare", syscall(NR.unshare, CLONE.FS, 0, 0, 0, 0, 0), "CLONE_FS");
  check(
    "setns",
    syscall(NR.setns, processFd, CLONE.NEWNS | (withCgroup ? CLONE.NEWCGROUP : 0), 0, 0, 0, 0),
    "mount namespace",
  );
}

/** From now on what this thread starts is in the pid namespace of the process; it can start no further threads. */
export function joinProcesses(processFd: number): void {
  check("setns", syscall(NR.setns, processFd, CLONE.NEWPID, 0, 0, 0, 0), "pid namespace");
}

/**
 * Starts a program, in a session of its own, with default signals and the descriptors 0–2 of ours or the terminal at a
 * path as its controlling one; answers its pid. Throws what execve(2) says. Between clone and execve the child runs a
 * few calls of the C library and nothing else.
 */
export function spawnProgram(
  path: string,
  argv: readonly string[],
  env: readonly string[],
  terminal: string | undefined,
): number {
  const [attributes, actions] = [new Uint8Array(1024), new Uint8Array(256)];
  c.posix_spawnattr_init(attributes);
  const [SETSIGDEF, SETSIGMASK, SETSID] = [0x04, 0x08, 0x80];
  c.posix_spawnattr_setflags(attributes, SETSIGDEF | SETSIGMASK | SETSID);
  c.posix_spawnattr_setsigdefault(attributes, new Uint8Array(128).fill(0xff));
  c.posix_spawnattr_setsigmask(attributes, new Uint8Array(128));
  c.posix_spawn_file_actions_init(actions);
  if (terminal !== undefined) {
    const O_RDWR = 2; // and not O_NOCTTY: the leader of a new session gets it as its own
    c.posix_spawn_file_actions_addopen(actions, 0, cString(terminal), O_RDWR, 0);
    for (const fd of [1, 2]) c.posix_spawn_file_actions_adddup2(actions, 0, fd);
  }
  const [words, variables] = [argv.map(cString), env.map(cString)];
  lent.memory = [words, variables];
  const pid = new Int32Array(1);
  const [argumentList, environment] = [pointersTo(words), pointersTo(variables)];
  const errno = c.posix_spawn(pid, cString(path), actions, attributes, argumentList, environment);
  if (errno !== 0) throw new SystemCallError("execve", errno, path);
  return pid[0]!;
}
