/**
 * The role `internal-join`: starts a program in a running container. The talk with the host side is drawn in
 * join-protocol.ts.
 *
 * This is the user's own executable, with the rights of root in the container's user namespace, while hostile programs
 * run in the container (CVE-2019-5736, CVE-2016-9962, CVE-2024-21626). So it is never in the container's pid namespace
 * itself: only the program is, born there with everything it may have, and berth is to be seen there no longer than the
 * C library takes from clone(2) to execve(2). Even then there is nothing to be won: the executable is mounted read-only
 * in a mount namespace that nobody can reach, no directory of the host is left in the process, and without
 * CAP_SYS_PTRACE nobody may look into it. Nothing is loaded or run by path once the host's files are gone.
 */
import { MOUNT_ATTR, O } from "../sys/kernel-numbers.ts";
import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { close, writeAll } from "../sys/files.ts";
import { forbidInspection, joinMounts, joinProcesses, spawnProgram } from "../sys/join-container.ts";
import { exitNow } from "../sys/exit-now.ts";
import {
  AT_FDCWD,
  attachMount,
  changeDirectory,
  closeRange,
  createMount,
  duplicate,
  openAt,
  openInRoot,
  pivotRoot,
  sendDescriptor,
  setGroup,
  setMountAttributes,
  unmountDetached,
} from "../sys/libc.ts";
import {
  channelDescriptor,
  firstStreamDescriptor,
  forbiddenClone,
  type JoinMessage,
  type JoinRequest,
  processDescriptor,
  terminalDescriptor,
} from "./join-protocol.ts";
import { failureOf, receiveLine, sendMessage } from "../sys/message-channel.ts";
import { getsOrders } from "../sys/role-input.ts";
import {
  adjustOomScore,
  anonymousPipes,
  giveAwayPipes,
  lookUpUser,
  openTerminal,
  programOf,
  refuseDirectories,
  restrict,
  setLimits,
} from "./process-setup.ts";
import { executionError } from "./program.ts";

const send = (message: JoinMessage) => sendMessage(channelDescriptor, message);

function join(request: JoinRequest): void {
  const spec = request.process;
  if (spec.oomScoreAdjustment !== undefined) adjustOomScore(spec.oomScoreAdjustment);
  forbidInspection();
  if (!spec.terminal) for (const fd of [0, 1, 2]) duplicate(firstStreamDescriptor + fd, fd);
  if (!spec.terminal) refuseDirectories();
  const pipes = spec.terminal ? [] : anonymousPipes();

  leaveHost();
  joinMounts(processDescriptor, request.joins.cgroup);
  const root = openAt(AT_FDCWD, "/", O.PATH | O.DIRECTORY);
  const identity = lookUpUser(root, spec.user, spec.additionalGroups);
  giveAwayPipes(pipes, identity);
  const terminal = spec.terminal
    ? openTerminal(root, identity.uid, request.windowSize ?? { rows: 24, columns: 80 })
    : undefined;
  if (terminal) {
    sendDescriptor(terminalDescriptor, terminal.master);
    close(terminal.master);
  }
  enterDirectory(root, spec.cwd);

  restrict(spec, identity, {
    seccomp: request.seccomp === undefined ? undefined : Buffer.from(request.seccomp, "base64"),
    singleIdentity: request.singleIdentity,
    onLastRights() {
      if (request.cgroup !== undefined) writeAll(request.cgroup, Buffer.from("0")); // a process that writes 0 moves itself
      if (request.joins.pid) joinProcesses(processDescriptor);
      const last = spec.terminal ? processDescriptor : firstStreamDescriptor + 2;
      closeRange(terminalDescriptor, request.cgroup ?? last, false);
    },
  });
  const { path, env } = programOf(spec, identity, "exec");
  closeRange(channelDescriptor, 0xffffffff, true);
  process.umask(0o022);
  setLimits(spec.limits);
  send({ kind: "started", pid: spawn(path, spec.args, env, terminal?.path) });
}

function spawn(...program: Parameters<typeof spawnProgram>): number {
  try {
    return spawnProgram(...program);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EPERM" || code === "ENOSYS") throw forbiddenClone(`exec ${program[0]}: ${code}`);
    throw executionError(program[0], code);
  }
}

/**
 * Lets go of the host's files, whose mounts this process has a copy of: makes them read-only, so that the executable
 * cannot be written by way of /proc/PID/exe, and has nothing but an empty directory instead, in all threads.
 */
function leaveHost(): void {
  setGroup(0); // what came into the user namespace from outside still has the caller's
  const host = openAt(AT_FDCWD, "/", O.PATH | O.DIRECTORY);
  const place = openAt(AT_FDCWD, "/proc", O.PATH | O.DIRECTORY);
  const empty = createMount("tmpfs", { size: "0", mode: "555" }, MOUNT_ATTR.RDONLY);
  attachMount(empty, place);
  changeDirectory(empty);
  pivotRoot(".", ".");
  setMountAttributes(host, MOUNT_ATTR.RDONLY, { recursive: true });
  changeDirectory(host);
  unmountDetached(".");
  changeDirectory(empty);
  for (const fd of [host, place, empty]) close(fd);
}

/** Opened inside the root, so that it cannot be a way out (CVE-2024-21626). */
function enterDirectory(root: number, path: string): void {
  try {
    const directory = openInRoot(root, path, O.PATH | O.DIRECTORY);
    changeDirectory(directory);
    close(directory);
  } catch (error) {
    const code = systemErrorCode(error);
    const [kind, reason] =
      code === "ENOENT"
        ? (["command-not-found", "no such file or directory"] as const)
        : (["command-not-executable", code === "ENOTDIR" ? "not a directory" : messageOf(error)] as const);
    throw new BerthError(
      kind,
      `exec failed: unable to start container process: chdir to cwd (${JSON.stringify(path)}): ${reason}`,
      { cause: error },
    );
  }
}

/** Entry of the role. */
export function joinerMain(): undefined {
  if (!getsOrders()) return undefined;
  closeRange(channelDescriptor, 0xffffffff, true);
  const line = receiveLine(channelDescriptor);
  if (line === undefined) exitNow(1);
  try {
    join(JSON.parse(line) as JoinRequest);
    exitNow(0);
  } catch (error) {
    send(failureOf(error));
    exitNow(1);
  }
}
