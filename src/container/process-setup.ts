/** From root of the namespaces to the user's program: credentials, capabilities, seccomp, terminal, limits. */
import { O, TIOC } from "../sys/kernel-numbers.ts";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import { capabilityMask, capabilityNames } from "../sys/capabilities.ts";
import {
  close,
  isDirectory,
  isRegularFile,
  readInto,
  readLink,
  readText,
  statusOf,
  writeText,
} from "../sys/files.ts";
import {
  AT_FDCWD,
  changeOwner,
  clearAmbientCapabilities,
  closeRange,
  dropBoundingCapability,
  duplicate,
  endWithParent,
  execute,
  forbidNewPrivileges,
  installSeccompFilter,
  installSeccompListener,
  ioctl,
  openInRoot,
  RLIMIT_NOFILE,
  resetSignals,
  setCapabilities,
  setGroup,
  setGroups,
  setResourceLimit,
  setUser,
  startSession,
} from "../sys/libc.ts";
import { limitNames, type ProcessLimit } from "../sys/process-limits.ts";
import { decodeText } from "../sys/text.ts";
import { executionError, findProgram, type Occasion, refuseOutsideProgram } from "./program.ts";
import type { ProcessSpec } from "./spec.ts";
import { type Identity, resolveUser, withGroups } from "./user.ts";

const accountFileLimit = 1 << 20;

/** A text file of the root: regular and small, never a FIFO, a device or a link to the host (CVE-2024-9676). */
export function readAccountFile(root: number, path: string): string {
  let fd: number;
  try {
    fd = openInRoot(root, path, O.RDONLY | O.NONBLOCK | O.NOCTTY);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENXIO"].includes(systemErrorCode(error) ?? "")) return "";
    throw error;
  }
  try {
    const stat = statusOf(fd);
    if (!isRegularFile(stat)) return "";
    if (stat.size > accountFileLimit) {
      throw new BerthError("invalid-image", `${path} of the image is larger than ${accountFileLimit} bytes`);
    }
    const bytes = new Uint8Array(stat.size);
    return decodeText(bytes.subarray(0, readInto(fd, bytes)));
  } finally {
    close(fd);
  }
}

export function lookUpUser(root: number, user: string, additionalGroups: readonly string[] = []): Identity {
  const [passwd, group] = [readAccountFile(root, "/etc/passwd"), readAccountFile(root, "/etc/group")];
  return withGroups(resolveUser(user, passwd, group), additionalGroups, group);
}

/** Opens a terminal in the container's own /dev/pts; the slave's path there is `/dev/pts/<number>`. */
export function openTerminal(
  root: number,
  owner: number,
  size: { readonly rows: number; readonly columns: number },
): { readonly master: number; readonly slave: number; readonly path: string } {
  const master = openInRoot(root, "/dev/ptmx", O.RDWR | O.NOCTTY);
  ioctl(master, TIOC.SPTLCK, new Int32Array([0]));
  const number = new Int32Array(1);
  ioctl(master, TIOC.GPTN, number);
  const path = `/dev/pts/${number[0]}`;
  const slave = openInRoot(root, path, O.RDWR | O.NOCTTY);
  const group = statusOf(slave).gid;
  changeOwner(slave, owner, group);
  ioctl(slave, TIOC.SWINSZ, new Uint16Array([size.rows, size.columns, 0, 0]));
  return { master, slave, path };
}

/** Makes `slave` the controlling terminal of a new session, and standard input, output and error. */
export function adoptTerminal(slave: number): void {
  startSession();
  ioctl(slave, TIOC.SCTTY, null);
  for (const fd of [0, 1, 2]) duplicate(slave, fd);
}

const streamNames = ["input", "output", "error output"];

/**
 * A directory among 0–2 would be the host's file system in the container's hands: `/proc/self/fd/0/../..`
 * (CVE-2024-21626 by another way).
 */
export function refuseDirectories(): void {
  for (let fd = 0; fd <= 2; fd++) {
    if (!isDirectory(statusOf(fd))) continue;
    const message = `standard ${streamNames[fd]} is a directory, which no container may hold`;
    throw new BerthError("invalid-argument", message, { hint: "redirect it to a file or a pipe" });
  }
}

/** Which of 0–2 are anonymous pipes; to be asked where /proc is the host's. */
export function anonymousPipes(): readonly number[] {
  const pipes: number[] = [];
  for (let fd = 0; fd <= 2; fd++)
    if (readLink(AT_FDCWD, `/proc/self/fd/${fd}`).startsWith("pipe:")) pipes.push(fd);
  return pipes;
}

/** Pipes are given to the program's user, so that it may open /dev/stdout; files stay as they are. */
export function giveAwayPipes(pipes: readonly number[], identity: Identity): void {
  if (identity.uid === 0) return;
  for (const fd of pipes) {
    try {
      changeOwner(fd, identity.uid, identity.gid);
    } catch {
      // Somebody else's pipe; the program can still use it as it was given.
    }
  }
}

function environmentOf(spec: ProcessSpec, identity: Identity): string[] {
  return variableOf(spec.env, "HOME") === undefined ? [...spec.env, `HOME=${identity.home}`] : [...spec.env];
}

/** The last one counts, as for getenv(3) of most programs. */
function variableOf(env: readonly string[], name: string): string | undefined {
  for (let index = env.length - 1; index >= 0; index--)
    if (env[index]!.startsWith(`${name}=`)) return env[index]!.slice(name.length + 1);
  return undefined;
}

export interface Restrictions {
  readonly seccomp: Uint8Array | undefined;
  readonly singleIdentity: boolean;
  /** The filter tells of calls: gets the descriptor at which they are heard. */
  readonly onListener?: (listener: number) => void;
  /** Called at the last moment with all rights. */
  readonly onLastRights?: () => void;
}

/**
 * Gives up what the program may not have. Seccomp comes while CAP_SYS_ADMIN is still there (it is the alternative to
 * no_new_privs), the capabilities go after that: from all but root the kernel takes them with the ids (capabilities(7)).
 */
export function restrict(spec: ProcessSpec, identity: Identity, restrictions: Restrictions): void {
  if (spec.openFiles) {
    const limit = (text: string) => (text === "unlimited" ? 2n ** 64n - 1n : BigInt(text));
    setResourceLimit(RLIMIT_NOFILE, limit(spec.openFiles.soft), limit(spec.openFiles.hard));
  }
  for (let number = 0; number < capabilityNames.length; number++)
    if (!spec.capabilities.includes(capabilityNames[number]!)) dropUnlessUnknown(number);
  if (!restrictions.singleIdentity && !spec.keepGroups) setGroups(identity.groups);
  if (spec.noNewPrivileges) forbidNewPrivileges();
  clearAmbientCapabilities();
  restrictions.onLastRights?.();
  const { seccomp, onListener } = restrictions;
  if (seccomp && onListener) onListener(installSeccompListener(seccomp));
  else if (seccomp) installSeccompFilter(seccomp);
  setIds(identity);
  if (identity.uid === 0) setCapabilities(capabilityMask(spec.capabilities));
}

/** What execve(2) gets; asked for inside the root, as the program's user. */
export function programOf(
  spec: ProcessSpec,
  identity: Identity,
  occasion: Occasion,
): { readonly path: string; readonly env: readonly string[] } {
  const env = environmentOf(spec, identity);
  const path = findProgram(spec.args[0]!, variableOf(env, "PATH"), occasion);
  refuseOutsideProgram(path);
  return { path, env };
}

/** Becomes the user's program; nothing but 0–2 stays open (CVE-2024-21626). */
export function becomeProgram(
  spec: ProcessSpec,
  identity: Identity,
  options: Restrictions & {
    /** No pid namespace of our own ends it with berth. */
    readonly endsWithParent: boolean;
    /** Called when nothing but execve(2) can fail any more. */
    readonly onExecuting: () => void;
  },
): never {
  restrict(spec, identity, options);
  if (options.endsWithParent) endWithParent();
  const { path, env } = programOf(spec, identity, "init");
  setLimits(spec.limits);
  resetSignals();
  closeRange(3, 0xffffffff, true);
  options.onExecuting();
  try {
    execute(path, spec.args, env);
  } catch (error) {
    throw executionError(path, systemErrorCode(error));
  }
}

/** Last of all, because a low one would be in our own way. */
export function setLimits(limits: readonly ProcessLimit[]): void {
  for (const limit of limits) setLimit(limit);
}

function setLimit({ name, soft, hard }: ProcessLimit): void {
  const value = (number: number) => (number === -1 ? 2n ** 64n - 1n : BigInt(number));
  try {
    setResourceLimit(limitNames.indexOf(name), value(soft), value(hard));
  } catch (error) {
    if (systemErrorCode(error) !== "EPERM") throw error;
    throw new BerthError(
      "denied",
      `cannot set the ulimit ${name} to ${soft}:${hard}: operation not permitted`,
      {
        hint: "without root a hard limit can only be lowered; `ulimit -H -a` shows what this user has",
        cause: error,
      },
    );
  }
}

/** How readily the kernel ends this process when memory is short; without root it can only become readier. */
export function adjustOomScore(score: number): void {
  try {
    writeText("/proc/self/oom_score_adj", String(score));
  } catch (error) {
    const own = readText("/proc/self/oom_score_adj").trim();
    throw new BerthError("denied", `cannot set the OOM score adjustment to ${score}: permission denied`, {
      hint: `without root it can only be raised; this user's processes have ${own}`,
      cause: error,
    });
  }
}

function setIds(identity: Identity): void {
  try {
    setGroup(identity.gid);
    setUser(identity.uid);
  } catch (error) {
    if (systemErrorCode(error) !== "EINVAL") throw error;
    throw new BerthError(
      "unsupported",
      `user ${identity.uid}:${identity.gid} does not exist in this id map`,
      {
        hint: "berth has not enough subordinate ids for it; see `berth info` and /etc/subuid",
        cause: error,
      },
    );
  }
}

/** A capability that this kernel does not know yet answers EINVAL, and is not held either. */
function dropUnlessUnknown(capability: number): void {
  try {
    dropBoundingCapability(capability);
  } catch (error) {
    if (systemErrorCode(error) !== "EINVAL") throw error;
  }
}
