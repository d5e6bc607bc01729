/** The kernel, as far as namespaces, mounts and processes need it. Every function throws `SystemCallError` on failure. */
import { ptr } from "bun:ffi";
import { parseSignal } from "../base/parse-signal.ts";
import { NR, O, PR, RESOLVE } from "./kernel-numbers.ts";
import { check, cString, outcome, syscall } from "./system-call.ts";
import { SystemCallError } from "./system-call-error.ts";
import { encodeText } from "./text.ts";

const AT_RECURSIVE = 0x8000;
export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;

/**
 * Memory that the kernel reads or writes in the call under way. An address is only a number, and the collector would
 * free what it points to between ptr() and the call; what is named here stays until the next call.
 */
export const lent: { memory: readonly unknown[] } = { memory: [] };

export function mount(source: string, target: string, type: string, flags: number, data: string): void {
  check(
    "mount",
    syscall(NR.mount, cString(source), cString(target), cString(type), flags, cString(data), 0),
    target,
  );
}

/** `umount2(path, MNT_DETACH)` */
export function unmountDetached(path: string): void {
  check("umount2", syscall(NR.umount2, cString(path), 2, 0, 0, 0, 0), path);
}

export function openAt(directory: number, path: string, flags: number, mode = 0): number {
  return check("openat", syscall(NR.openat, directory, cString(path), flags | O.CLOEXEC, mode, 0, 0), path);
}

const [ENOENT, EAGAIN] = [2, 11];
/** Somebody who renames all the time delays it by less than a second, and can in the end only make it fail. */
export const mostAttempts = 20_000;

/** The descriptor, or the negative errno: what is not there costs no stack of an error. */
function openat2(root: number, path: string, flags: number, mode: number, resolve: number): number {
  const how = new BigUint64Array([
    BigInt(flags | O.CLOEXEC),
    BigInt(mode),
    BigInt(RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS | resolve),
  ]);
  const name = cString(path);
  for (let attempt = 1; ; attempt++) {
    const result = outcome(syscall(NR.openat2, root, name, how, 24, 0, 0));
    // A rename or mount anywhere on the machine while it went through `..`; it is to be tried again (openat2(2)).
    if (result !== -EAGAIN || attempt === mostAttempts) return result;
  }
}

/** Opens `path` as if `root` were `/`: absolute links and `..` stay inside (openat2(2), RESOLVE_IN_ROOT). */
export function openInRoot(root: number, path: string, flags: number, mode = 0, resolve = 0): number {
  const result = openat2(root, path, flags, mode, resolve);
  if (result < 0) throw new SystemCallError("openat2", -result, path);
  return result;
}

/** The same; undefined when it is not there. */
export function openInRootIfThere(
  root: number,
  path: string,
  flags: number,
  resolve = 0,
): number | undefined {
  const result = openat2(root, path, flags, 0, resolve);
  if (result === -ENOENT) return undefined;
  if (result < 0) throw new SystemCallError("openat2", -result, path);
  return result;
}

/** Opens `path` as the kernel would, but not through a link of /proc to an open file or to a program (proc(5)). */
export function openWithoutMagicLinks(path: string, flags: number): number {
  const how = new BigUint64Array([BigInt(flags | O.CLOEXEC), 0n, BigInt(RESOLVE.NO_MAGICLINKS)]);
  return check("openat2", syscall(NR.openat2, AT_FDCWD, cString(path), how, 24, 0, 0), path);
}

export function makeDirectoryAt(directory: number, name: string, mode: number): void {
  check("mkdirat", syscall(NR.mkdirat, directory, cString(name), mode, 0, 0, 0), name);
}

export function symbolicLinkAt(target: string, directory: number, name: string): void {
  check("symlinkat", syscall(NR.symlinkat, cString(target), directory, cString(name), 0, 0, 0), name);
}

/** Reads as many entries of a directory as fit (getdents64(2)): the bytes they take, 0 at the end. */
export function readEntries(directory: number, buffer: Uint8Array): number {
  return check("getdents64", syscall(NR.getdents64, directory, buffer, buffer.length, 0, 0, 0));
}

export function changeOwner(fd: number, uid: number, gid: number): void {
  check("fchown", syscall(NR.fchown, fd, uid, gid, 0, 0, 0));
}

export function changeMode(fd: number, mode: number): void {
  check("fchmod", syscall(NR.fchmod, fd, mode, 0, 0, 0, 0));
}

export function changeDirectory(fd: number): void {
  check("fchdir", syscall(NR.fchdir, fd, 0, 0, 0, 0, 0));
}

/** A detached copy of the mount at `fd` (open_tree(2), OPEN_TREE_CLONE), with everything below it when `recursive`. */
export function cloneMount(fd: number, recursive: boolean): number {
  const OPEN_TREE_CLONE = 1;
  const flags = OPEN_TREE_CLONE | O.CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return check("open_tree", syscall(NR.open_tree, fd, cString(""), flags, 0, 0, 0));
}

/** Attaches a detached mount on the directory or file that `target` is (move_mount(2)). */
export function attachMount(mountFd: number, target: number): void {
  const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
  const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
  const empty = cString("");
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  check("move_mount", syscall(NR.move_mount, mountFd, empty, target, empty, flags, 0));
}

/** Changes attributes and propagation (`MS.PRIVATE`, `MS.SLAVE`) of the mount whose root `fd` is. */
export function setMountAttributes(
  fd: number,
  set: number,
  options: { recursive: boolean; propagation?: number },
): void {
  const attributes = new BigUint64Array([BigInt(set), 0n, BigInt(options.propagation ?? 0), 0n]);
  const flags = AT_EMPTY_PATH | (options.recursive ? AT_RECURSIVE : 0);
  check("mount_setattr", syscall(NR.mount_setattr, fd, cString(""), flags, attributes, 32, 0));
}

/** A new, detached file system (fsopen(2), fsconfig(2), fsmount(2)). Each parameter is at most 255 bytes. */
export function createMount(
  type: string,
  parameters: Readonly<Record<string, string | true>>,
  attributes: number,
): number {
  const context = check("fsopen", syscall(NR.fsopen, cString(type), 1, 0, 0, 0, 0), type);
  const [setFlag, setString, create] = [0, 1, 6] as const;
  for (const [key, value] of Object.entries(parameters)) {
    const [command, text] = value === true ? [setFlag, 0] : [setString, cString(value)];
    check("fsconfig", syscall(NR.fsconfig, context, command, cString(key), text, 0, 0), `${type} ${key}`);
  }
  check("fsconfig", syscall(NR.fsconfig, context, create, 0, 0, 0, 0), type);
  const mountFd = check("fsmount", syscall(NR.fsmount, context, 1, attributes, 0, 0, 0), type);
  closeRange(context, context, false);
  return mountFd;
}

export function pivotRoot(newRoot: string, oldRoot: string): void {
  check("pivot_root", syscall(NR.pivot_root, cString(newRoot), cString(oldRoot), 0, 0, 0, 0));
}

/** Closes descriptors from `first` to `last`, or marks them close-on-exec. */
export function closeRange(first: number, last: number, onExec: boolean): void {
  check("close_range", syscall(NR.close_range, first, last, onExec ? 4 : 0, 0, 0, 0));
}

export function setHostname(name: string): void {
  const bytes = encodeText(name);
  check("sethostname", syscall(NR.sethostname, bytes, bytes.length, 0, 0, 0, 0), name);
}

/** The NIS domain name (setdomainname(2)). */
export function setDomainname(name: string): void {
  const bytes = encodeText(name);
  check("setdomainname", syscall(NR.setdomainname, bytes, bytes.length, 0, 0, 0, 0), name);
}

export function duplicate(from: number, to: number): void {
  check("dup3", syscall(NR.dup3, from, to, 0, 0, 0, 0));
}

/** A duplicate, close-on-exec, whose number is at least `lowest` (fcntl(2), F_DUPFD_CLOEXEC). */
export function duplicateAbove(fd: number, lowest: number): number {
  const F_DUPFD_CLOEXEC = 1030;
  return check("fcntl", syscall(NR.fcntl, fd, F_DUPFD_CLOEXEC, lowest, 0, 0, 0));
}

export function startSession(): void {
  check("setsid", syscall(NR.setsid, 0, 0, 0, 0, 0, 0));
}

export function setGroups(groups: readonly number[]): void {
  check(
    "setgroups",
    syscall(NR.setgroups, groups.length, new Uint32Array(groups.length === 0 ? [0] : groups), 0, 0, 0, 0),
  );
}

/** Real, effective and saved ids of the calling thread. */
export function setUser(uid: number): void {
  check("setresuid", syscall(NR.setresuid, uid, uid, uid, 0, 0, 0));
}

export function setGroup(gid: number): void {
  check("setresgid", syscall(NR.setresgid, gid, gid, gid, 0, 0, 0));
}

export function dropBoundingCapability(capability: number): void {
  check("prctl", syscall(NR.prctl, PR.CAPBSET_DROP, capability, 0, 0, 0, 0), `PR_CAPBSET_DROP ${capability}`);
}

export function clearAmbientCapabilities(): void {
  check("prctl", syscall(NR.prctl, PR.CAP_AMBIENT, 4, 0, 0, 0, 0), "PR_CAP_AMBIENT_CLEAR_ALL");
}

/** SIGKILL for this process when the thread that made it ends; any change of ids takes it back (prctl(2)). */
export function endWithParent(): void {
  check("prctl", syscall(NR.prctl, PR.SET_PDEATHSIG, 9, 0, 0, 0, 0), "PR_SET_PDEATHSIG");
}

export function forbidNewPrivileges(): void {
  check("prctl", syscall(NR.prctl, PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
}

/** Installs a classic BPF program (8 bytes an instruction) on the calling thread. */
export function installSeccompFilter(program: Uint8Array): void {
  const descriptor = new BigUint64Array([BigInt(program.length / 8), BigInt(ptr(program))]);
  lent.memory = [program, descriptor];
  check("prctl", syscall(NR.prctl, PR.SET_SECCOMP, 2, ptr(descriptor), 0, 0, 0), "PR_SET_SECCOMP");
}

/** The same, and a descriptor at which calls that the program tells of can be heard (seccomp_unotify(2)). */
export function installSeccompListener(program: Uint8Array): number {
  const [SET_MODE_FILTER, NEW_LISTENER] = [1, 8];
  const descriptor = new BigUint64Array([BigInt(program.length / 8), BigInt(ptr(program))]);
  const listener = check("seccomp", syscall(NR.seccomp, SET_MODE_FILTER, NEW_LISTENER, descriptor, 0, 0, 0));
  lent.memory = [program];
  return listener;
}

/** Sets effective and permitted to `mask` and inheritable to nothing (capset(2), version 3). */
export function setCapabilities(mask: bigint): void {
  const low = Number(mask & 0xffffffffn);
  const high = Number(mask >> 32n);
  const header = new Uint32Array([0x20080522, 0]);
  check("capset", syscall(NR.capset, header, new Uint32Array([low, low, 0, high, high, 0]), 0, 0, 0, 0));
}

/** All signals at their default and none blocked: what an ignored signal is set to survives execve(2). */
export function resetSignals(): void {
  const zeros = new Uint8Array(32); // of struct sigaction: SIG_DFL
  for (let signal = 1; signal <= 64; signal++) syscall(NR.rt_sigaction, signal, zeros, null, 8, 0, 0);
  const SIG_SETMASK = 2;
  check("rt_sigprocmask", syscall(NR.rt_sigprocmask, SIG_SETMASK, zeros, null, 8, 0, 0));
}

/** fcntl(2) with a `struct flock`: 0 or the errno. */
export function controlLock(fd: number, command: number, flock: DataView): number {
  const bytes = new Uint8Array(flock.buffer, flock.byteOffset, flock.byteLength);
  return -outcome(syscall(NR.fcntl, fd, command, bytes, 0, 0, 0));
}

export const RLIMIT_NOFILE = 7;

export function setResourceLimit(resource: number, soft: bigint, hard: bigint): void {
  check("prlimit", syscall(NR.prlimit64, 0, resource, new BigUint64Array([soft, hard]), null, 0, 0));
}

export function ioctl(
  fd: number,
  request: number,
  argument: Uint8Array | Uint16Array | Int32Array | null,
): void {
  check("ioctl", syscall(NR.ioctl, fd, request, argument, 0, 0, 0));
}

const TCGETS = 0x5401;
const TCSETS = 0x5402;

/** Whether a descriptor is a terminal, as isatty(3) finds out; node:tty costs two milliseconds to load. */
export function isTerminal(fd: number): boolean {
  return syscall(NR.ioctl, fd, TCGETS, new Uint8Array(64), 0, 0, 0) === 0;
}

/** Whether something that came over a socket is still unread. */
export function hasInput(socket: number): boolean {
  const FIONREAD = 0x541b;
  const bytes = new Uint32Array(1);
  check("ioctl", syscall(NR.ioctl, socket, FIONREAD, bytes, 0, 0, 0));
  return bytes[0]! > 0;
}

/**
 * Puts a terminal into raw mode, with the flags of cfmakeraw(3), and answers what puts it back. `struct termios` of
 * the kernel begins with the four flag words (asm-generic/termbits.h).
 */
export function makeRaw(fd: number): () => void {
  const before = new Uint8Array(64);
  ioctl(fd, TCGETS, before);
  const raw = before.slice();
  const flags = new Uint32Array(raw.buffer, 0, 4);
  flags[0]! &= ~0o2753; // IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON
  flags[1]! &= ~0o1; // OPOST
  flags[2] = (flags[2]! & ~0o460) | 0o60; // CSIZE PARENB off, CS8
  flags[3]! &= ~0o100113; // ECHO ECHONL ICANON ISIG IEXTEN
  ioctl(fd, TCSETS, raw);
  return () => ioctl(fd, TCSETS, before);
}

/** Lets a terminal not show what is typed, for passwords; answers what puts it back (termios(3), ECHO). */
export function hideInput(fd: number): () => void {
  const before = new Uint8Array(64);
  ioctl(fd, TCGETS, before);
  const hidden = before.slice();
  new Uint32Array(hidden.buffer, 0, 4)[3]! &= ~0o10; // ECHO; the newline is ours to write
  ioctl(fd, TCSETS, hidden);
  return () => ioctl(fd, TCSETS, before);
}

/** Brings an interface of this network namespace up (netdevice(7), SIOCGIFFLAGS and SIOCSIFFLAGS). */
export function bringInterfaceUp(name: string): void {
  const [SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP] = [0x8913, 0x8914, 1];
  const socket = check("socket", syscall(NR.socket, 2, 2 | O.CLOEXEC, 0, 0, 0, 0));
  try {
    const request = new Uint8Array(40);
    request.set(encodeText(name).subarray(0, 15));
    const flags = new DataView(request.buffer);
    ioctl(socket, SIOCGIFFLAGS, request);
    flags.setInt16(16, flags.getInt16(16, true) | IFF_UP, true);
    ioctl(socket, SIOCSIFFLAGS, request);
  } finally {
    closeRange(socket, socket, false);
  }
}

/**
 * Makes reads of a descriptor never wait, and has the kernel send SIGIO to this process when there is something to
 * read (fcntl(2), O_ASYNC). The owner comes first: a terminal would otherwise choose its own foreground group.
 */
export function announceInput(fd: number): void {
  const [F_GETFL, F_SETFL, F_SETOWN, O_ASYNC] = [3, 4, 8, 0o20000];
  check("fcntl", syscall(NR.fcntl, fd, F_SETOWN, process.pid, 0, 0, 0));
  const flags = check("fcntl", syscall(NR.fcntl, fd, F_GETFL, 0, 0, 0, 0));
  check("fcntl", syscall(NR.fcntl, fd, F_SETFL, flags | O_ASYNC | O.NONBLOCK, 0, 0, 0));
}

/** Undoes `announceInput`: who reads waits. */
export function waitForInput(fd: number): void {
  const [F_GETFL, F_SETFL, O_ASYNC] = [3, 4, 0o20000];
  const flags = check("fcntl", syscall(NR.fcntl, fd, F_GETFL, 0, 0, 0, 0));
  check("fcntl", syscall(NR.fcntl, fd, F_SETFL, flags & ~(O_ASYNC | O.NONBLOCK), 0, 0, 0));
}

/**
 * Has the kernel send SIGKILL to `pid` when the write end of the pipe that `readEnd` belongs to is closed for good
 * (fcntl(2), O_ASYNC, F_SETSIG). It lasts as long as anybody has the read end open, and needs nothing of `pid` itself:
 * unlike PR_SET_PDEATHSIG it cannot be cleared there, and works for a process that is not our child.
 */
export function killAtHangUp(readEnd: number, pid: number): void {
  const [F_SETFL, F_SETOWN, F_SETSIG, O_ASYNC, SIGKILL] = [4, 8, 10, 0o20000, 9];
  check("fcntl", syscall(NR.fcntl, readEnd, F_SETSIG, SIGKILL, 0, 0, 0));
  check("fcntl", syscall(NR.fcntl, readEnd, F_SETOWN, pid, 0, 0, 0));
  check("fcntl", syscall(NR.fcntl, readEnd, F_SETFL, O_ASYNC, 0, 0, 0));
}

/** A close-on-exec descriptor of a process, which keeps meaning that process (pidfd_open(2)). */
export function openProcess(pid: number): number {
  return check("pidfd_open", syscall(NR.pidfd_open, pid, 0, 0, 0, 0, 0), String(pid));
}

/** Sends a signal to the process behind a descriptor (pidfd_send_signal(2)). */
export function signalProcess(descriptor: number, signal: NodeJS.Signals): void {
  check(
    "pidfd_send_signal",
    syscall(NR.pidfd_send_signal, descriptor, parseSignal(signal), 0, 0, 0, 0),
    signal,
  );
}

/** Moves this process into a new cgroup namespace, whose root is where it is now (cgroup_namespaces(7)). */
export function enterNewCgroupNamespace(): void {
  const CLONE_NEWCGROUP = 0x02000000;
  check("unshare", syscall(NR.unshare, CLONE_NEWCGROUP, 0, 0, 0, 0, 0));
}

/**
 * Enters a mount namespace; root and working directory become its root. Threads that share these cannot do so one by
 * one, so the calling thread stops sharing them (setns(2)).
 */
export function enterMountNamespace(fd: number): void {
  const [CLONE_FS, CLONE_NEWNS] = [0x200, 0x20000];
  check("unshare", syscall(NR.unshare, CLONE_FS, 0, 0, 0, 0, 0));
  check("setns", syscall(NR.setns, fd, CLONE_NEWNS, 0, 0, 0, 0));
}

/** Both ends of a pipe, close-on-exec: [read, write]. */
export function createPipe(): readonly [read: number, write: number] {
  const ends = new Uint8Array(8);
  check("pipe2", syscall(NR.pipe2, ends, O.CLOEXEC, 0, 0, 0, 0));
  return twoDescriptors(ends);
}

/** Both ends of a stream socket pair, close-on-exec. */
export function createSocketPair(): readonly [number, number] {
  const ends = new Uint8Array(8);
  check("socketpair", syscall(NR.socketpair, 1, 1 | O.CLOEXEC, 0, ends, 0, 0));
  return twoDescriptors(ends);
}

/** From bytes, because each further kind of typed array takes a start memory of its own. */
function twoDescriptors(bytes: Uint8Array): readonly [number, number] {
  const view = new DataView(bytes.buffer);
  return [view.getInt32(0, true), view.getInt32(4, true)];
}

/** `struct msghdr` with one byte of data and room for one descriptor (cmsg(3)). */
function descriptorMessage(control: Uint8Array): BigUint64Array {
  const data = new Uint8Array(1);
  const vector = new BigUint64Array([BigInt(ptr(data)), 1n]);
  const header = new BigUint64Array(7);
  header[2] = BigInt(ptr(vector));
  header[3] = 1n;
  header[4] = BigInt(ptr(control));
  header[5] = BigInt(control.length);
  lent.memory = [data, vector, control];
  return header;
}

/** Sends an open descriptor over a socket (unix(7), SCM_RIGHTS). */
export function sendDescriptor(socket: number, fd: number): void {
  const control = new Uint8Array(24);
  const view = new DataView(control.buffer);
  view.setBigUint64(0, 20n, true);
  view.setInt32(8, 1, true); // SOL_SOCKET
  view.setInt32(12, 1, true); // SCM_RIGHTS
  view.setInt32(16, fd, true);
  check("sendmsg", syscall(NR.sendmsg, socket, descriptorMessage(control), 0, 0, 0, 0));
}

/** Receives what `sendDescriptor` sent. */
export function receiveDescriptor(socket: number): number {
  const MSG_CMSG_CLOEXEC = 0x40000000;
  const control = new Uint8Array(24);
  const header = descriptorMessage(control);
  check("recvmsg", syscall(NR.recvmsg, socket, header, MSG_CMSG_CLOEXEC, 0, 0, 0));
  const view = new DataView(control.buffer);
  if (header[5] !== 24n || view.getInt32(12, true) !== 1)
    throw new SystemCallError("recvmsg", 74, "no descriptor");
  return view.getInt32(16, true);
}

/** A null-terminated array of pointers; the strings must stay referenced. */
export function pointersTo(strings: readonly Uint8Array[]): BigUint64Array {
  const pointers = new BigUint64Array(strings.length + 1);
  for (let index = 0; index < strings.length; index++) pointers[index] = BigInt(ptr(strings[index]!));
  return pointers;
}

function cStrings(texts: readonly string[]): Uint8Array[] {
  const strings: Uint8Array[] = [];
  for (const text of texts) strings.push(cString(text));
  return strings;
}

/** Replaces this process; returns only by throwing. */
export function execute(path: string, argv: readonly string[], env: readonly string[]): never {
  const words = cStrings(argv);
  const variables = cStrings(env);
  lent.memory = [words, variables];
  check("execve", syscall(NR.execve, cString(path), pointersTo(words), pointersTo(variables), 0, 0, 0), path);
  throw new Error("execve returned");
}
