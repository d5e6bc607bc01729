/**
 * The C library and the kernel, as far as namespaces, mounts and processes need them. Every function throws
 * `SystemCallError` on failure. Calls newer than Linux 5.1 have one number on all architectures and go through
 * syscall(2); glibc wrappers serve the others. Credentials are set by raw calls on purpose: glibc's wrappers change
 * all threads of the process, and only the main thread matters here, because it ends in execve.
 */
import { type FFIFunction, FFIType, ptr, read } from "bun:ffi";
import { parseSignal } from "../base/parse-signal.ts";
import { bindAll, cLibrary } from "./c-library.ts";
import { getdents64Number } from "./directory-entry.ts";
import { SystemCallError } from "./system-call-error.ts";
import { encodeText } from "./text.ts";

const functions = {
  __errno_location: { args: [], returns: "ptr" },
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"], returns: FFIType.i64_fast },
  mount: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  umount2: { args: ["ptr", "i32"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  capset: { args: ["ptr", "ptr"], returns: "i32" },
  sethostname: { args: ["ptr", "u64"], returns: "i32" },
  setdomainname: { args: ["ptr", "u64"], returns: "i32" },
  fchdir: { args: ["i32"], returns: "i32" },
  execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  dup2: { args: ["i32", "i32"], returns: "i32" },
  setsid: { args: [], returns: "i32" },
  unshare: { args: ["i32"], returns: "i32" },
  setns: { args: ["i32", "i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i64"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  mkdirat: { args: ["i32", "ptr", "u32"], returns: "i32" },
  symlinkat: { args: ["ptr", "i32", "ptr"], returns: "i32" },
  openat: { args: ["i32", "ptr", "i32", "u32"], returns: "i32" },
  fchown: { args: ["i32", "u32", "u32"], returns: "i32" },
  fchmod: { args: ["i32", "u32"], returns: "i32" },
  socketpair: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  sendmsg: { args: ["i32", "ptr", "i32"], returns: FFIType.i64_fast },
  recvmsg: { args: ["i32", "ptr", "i32"], returns: FFIType.i64_fast },
  sigprocmask: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  signal: { args: ["i32", "ptr"], returns: "ptr" },
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: FFIType.i64_fast },
  write: { args: ["i32", "ptr", "u64"], returns: FFIType.i64_fast },
  readlinkat: { args: ["i32", "ptr", "ptr", "u64"], returns: FFIType.i64_fast },
  access: { args: ["ptr", "i32"], returns: "i32" },
  statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
  getrandom: { args: ["ptr", "u64", "u32"], returns: FFIType.i64_fast },
  fgetxattr: { args: ["i32", "ptr", "ptr", "u64"], returns: FFIType.i64_fast },
  _exit: { args: ["i32"], returns: "void" },
  fstatfs: { args: ["i32", "ptr"], returns: "i32" },
  pread: { args: ["i32", "ptr", "u64", "i64"], returns: FFIType.i64_fast },
  ftruncate: { args: ["i32", "i64"], returns: "i32" },
  fsync: { args: ["i32"], returns: "i32" },
  chmod: { args: ["ptr", "u32"], returns: "i32" },
  rename: { args: ["ptr", "ptr"], returns: "i32" },
  unlink: { args: ["ptr"], returns: "i32" },
} satisfies Record<string, FFIFunction>;

/** For this folder. */
export const c = cLibrary(functions);

/** Makes every call here as quick as its later ones are (c-library.ts). */
export function bindLibrary(): void {
  bindAll(c, functions);
}

/** Numbers of older calls: x86-64 (asm/unistd_64.h) and asm-generic. */
const numbers =
  process.arch === "arm64"
    ? { pivotRoot: 41, setresuid: 147, setresgid: 149, setgroups: 159, seccomp: 277 }
    : { pivotRoot: 155, setresuid: 117, setresgid: 119, setgroups: 116, seccomp: 317 };
const pidfdSendSignalNumber = 424;
const openTreeNumber = 428;
const moveMountNumber = 429;
const fsopenNumber = 430;
const fsconfigNumber = 431;
const fsmountNumber = 432;
const pidfdOpenNumber = 434;
const closeRangeNumber = 436;
const openat2Number = 437;
const mountSetattrNumber = 442;

export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;

const errnoLocation = c.__errno_location()!;

/** errno of the call that has just failed. */
export function lastError(): number {
  return read.i32(errnoLocation);
}

export function check(call: string, result: number | bigint, subject?: string): number {
  if (result < 0) throw new SystemCallError(call, lastError(), subject);
  return Number(result);
}

/** A C string; a name with a NUL inside would silently become another name. */
export function cString(text: string): Uint8Array {
  if (text.includes("\0")) throw new SystemCallError("path", 22, JSON.stringify(text));
  return encodeText(`${text}\0`);
}

/**
 * Memory that the kernel reads or writes in the call under way. An address is only a number, and the collector would
 * free what it points to between ptr() and the call; what is named here stays until the next call.
 */
export const lent: { memory: readonly unknown[] } = { memory: [] };

function addressOf(argument: number | Uint8Array | BigUint64Array | Uint32Array): number {
  return typeof argument === "number" ? argument : ptr(argument);
}

function raw(
  call: string,
  number: number,
  args: readonly (number | Uint8Array | BigUint64Array | Uint32Array)[],
  subject?: string,
): number {
  lent.memory = args;
  const [a = 0, b = 0, d = 0, e = 0, f = 0, g = 0] = args;
  const result = c.syscall(
    number,
    addressOf(a),
    addressOf(b),
    addressOf(d),
    addressOf(e),
    addressOf(f),
    addressOf(g),
  );
  return check(call, result, subject);
}

/** mount(2) flags */
export const MS = { RDONLY: 1, NODEV: 4, PRIVATE: 1 << 18, SLAVE: 1 << 19 } as const;

export function mount(source: string, target: string, type: string, flags: number, data: string): void {
  check("mount", c.mount(cString(source), cString(target), cString(type), flags, cString(data)), target);
}

/** `umount2(path, MNT_DETACH)` */
export function unmountDetached(path: string): void {
  check("umount2", c.umount2(cString(path), 2), path);
}

/** open(2) flags, the same on x86-64 and arm64 but for O_DIRECTORY and O_NOFOLLOW. */
const arm = process.arch === "arm64";
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DIRECTORY: arm ? 0o40000 : 0o200000,
  NOFOLLOW: arm ? 0o100000 : 0o400000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

export function openAt(directory: number, path: string, flags: number, mode = 0): number {
  return check("openat", c.openat(directory, cString(path), flags | O.CLOEXEC, mode), path);
}

/** openat2(2) resolve flags */
export const RESOLVE = { NO_XDEV: 1, NO_MAGICLINKS: 2, NO_SYMLINKS: 4, IN_ROOT: 16 } as const;

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
  lent.memory = [name, how];
  for (let attempt = 1; ; attempt++) {
    const result = Number(c.syscall(openat2Number, root, ptr(name), ptr(how), 24, 0, 0));
    if (result >= 0) return result;
    // A rename or mount anywhere on the machine while it went through `..`; it is to be tried again (openat2(2)).
    if (lastError() !== EAGAIN || attempt === mostAttempts) return -lastError();
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
  return raw("openat2", openat2Number, [AT_FDCWD, cString(path), how, 24], path);
}

export function makeDirectoryAt(directory: number, name: string, mode: number): void {
  check("mkdirat", c.mkdirat(directory, cString(name), mode), name);
}

export function symbolicLinkAt(target: string, directory: number, name: string): void {
  check("symlinkat", c.symlinkat(cString(target), directory, cString(name)), name);
}

/** Reads as many entries of a directory as fit (getdents64(2)): the bytes they take, 0 at the end. */
export function readEntries(directory: number, buffer: Uint8Array): number {
  return raw("getdents64", getdents64Number, [directory, buffer, buffer.length]);
}

export function changeOwner(fd: number, uid: number, gid: number): void {
  check("fchown", c.fchown(fd, uid, gid));
}

export function changeMode(fd: number, mode: number): void {
  check("fchmod", c.fchmod(fd, mode));
}

export function changeDirectory(fd: number): void {
  check("fchdir", c.fchdir(fd));
}

/** A detached copy of the mount at `fd` (open_tree(2), OPEN_TREE_CLONE), with everything below it when `recursive`. */
export function cloneMount(fd: number, recursive: boolean): number {
  const OPEN_TREE_CLONE = 1;
  const flags = OPEN_TREE_CLONE | O.CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return raw("open_tree", openTreeNumber, [fd, cString(""), flags]);
}

/** Attaches a detached mount on the directory or file that `target` is (move_mount(2)). */
export function attachMount(mountFd: number, target: number): void {
  const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
  const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
  const empty = cString("");
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  raw("move_mount", moveMountNumber, [mountFd, empty, target, empty, flags]);
}

/** mount_setattr(2) attributes */
export const MOUNT_ATTR = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  NOATIME: 0x10,
  STRICTATIME: 0x20,
  NODIRATIME: 0x80,
} as const;

/** Changes attributes and propagation (`MS.PRIVATE`, `MS.SLAVE`) of the mount whose root `fd` is. */
export function setMountAttributes(
  fd: number,
  set: number,
  options: { recursive: boolean; propagation?: number },
): void {
  const attributes = new BigUint64Array([BigInt(set), 0n, BigInt(options.propagation ?? 0), 0n]);
  const flags = AT_EMPTY_PATH | (options.recursive ? AT_RECURSIVE : 0);
  raw("mount_setattr", mountSetattrNumber, [fd, cString(""), flags, attributes, 32]);
}

/** A new, detached file system (fsopen(2), fsconfig(2), fsmount(2)). Each parameter is at most 255 bytes. */
export function createMount(
  type: string,
  parameters: Readonly<Record<string, string | true>>,
  attributes: number,
): number {
  const context = raw("fsopen", fsopenNumber, [cString(type), 1], type);
  const [setFlag, setString, create] = [0, 1, 6] as const;
  for (const [key, value] of Object.entries(parameters)) {
    const [command, text] = value === true ? [setFlag, 0] : [setString, cString(value)];
    raw("fsconfig", fsconfigNumber, [context, command, cString(key), text, 0], `${type} ${key}`);
  }
  raw("fsconfig", fsconfigNumber, [context, create, 0, 0, 0], type);
  const mountFd = raw("fsmount", fsmountNumber, [context, 1, attributes], type);
  closeRange(context, context, false);
  return mountFd;
}

export function pivotRoot(newRoot: string, oldRoot: string): void {
  raw("pivot_root", numbers.pivotRoot, [cString(newRoot), cString(oldRoot)]);
}

/** Closes descriptors from `first` to `last`, or marks them close-on-exec. */
export function closeRange(first: number, last: number, onExec: boolean): void {
  raw("close_range", closeRangeNumber, [first, last, onExec ? 4 : 0]);
}

export function setHostname(name: string): void {
  const bytes = encodeText(name);
  check("sethostname", c.sethostname(bytes, bytes.length), name);
}

/** The NIS domain name (setdomainname(2)). */
export function setDomainname(name: string): void {
  const bytes = encodeText(name);
  check("setdomainname", c.setdomainname(bytes, bytes.length), name);
}

export function duplicate(from: number, to: number): void {
  check("dup2", c.dup2(from, to));
}

/** A duplicate, close-on-exec, whose number is at least `lowest` (fcntl(2), F_DUPFD_CLOEXEC). */
export function duplicateAbove(fd: number, lowest: number): number {
  const F_DUPFD_CLOEXEC = 1030;
  return check("fcntl", c.fcntl(fd, F_DUPFD_CLOEXEC, lowest));
}

export function startSession(): void {
  check("setsid", c.setsid());
}

export function setGroups(groups: readonly number[]): void {
  raw("setgroups", numbers.setgroups, [groups.length, new Uint32Array(groups.length === 0 ? [0] : groups)]);
}

/** Real, effective and saved ids of the calling thread. */
export function setUser(uid: number): void {
  raw("setresuid", numbers.setresuid, [uid, uid, uid]);
}

export function setGroup(gid: number): void {
  raw("setresgid", numbers.setresgid, [gid, gid, gid]);
}

const PR = {
  SET_PDEATHSIG: 1,
  SET_SECCOMP: 22,
  CAPBSET_DROP: 24,
  SET_NO_NEW_PRIVS: 38,
  CAP_AMBIENT: 47,
} as const;

export function dropBoundingCapability(capability: number): void {
  check("prctl", c.prctl(PR.CAPBSET_DROP, capability, 0, 0, 0), `PR_CAPBSET_DROP ${capability}`);
}

export function clearAmbientCapabilities(): void {
  check("prctl", c.prctl(PR.CAP_AMBIENT, 4, 0, 0, 0), "PR_CAP_AMBIENT_CLEAR_ALL");
}

/** SIGKILL for this process when the thread that made it ends; any change of ids takes it back (prctl(2)). */
export function endWithParent(): void {
  check("prctl", c.prctl(PR.SET_PDEATHSIG, 9, 0, 0, 0), "PR_SET_PDEATHSIG");
}

export function forbidNewPrivileges(): void {
  check("prctl", c.prctl(PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
}

/** Installs a classic BPF program (8 bytes an instruction) on the calling thread. */
export function installSeccompFilter(program: Uint8Array): void {
  const descriptor = new BigUint64Array([BigInt(program.length / 8), BigInt(ptr(program))]);
  lent.memory = [program, descriptor];
  check("prctl", c.prctl(PR.SET_SECCOMP, 2, ptr(descriptor), 0, 0), "PR_SET_SECCOMP");
}

/** The same, and a descriptor at which calls that the program tells of can be heard (seccomp_unotify(2)). */
export function installSeccompListener(program: Uint8Array): number {
  const [SET_MODE_FILTER, NEW_LISTENER] = [1, 8];
  const descriptor = new BigUint64Array([BigInt(program.length / 8), BigInt(ptr(program))]);
  const listener = raw("seccomp", numbers.seccomp, [SET_MODE_FILTER, NEW_LISTENER, descriptor]);
  lent.memory = [program];
  return listener;
}

/** Sets effective and permitted to `mask` and inheritable to nothing (capset(2), version 3). */
export function setCapabilities(mask: bigint): void {
  const low = Number(mask & 0xffffffffn);
  const high = Number(mask >> 32n);
  const header = new Uint32Array([0x20080522, 0]);
  check("capset", c.capset(header, new Uint32Array([low, low, 0, high, high, 0])));
}

/** All signals at their default and none blocked: what an ignored signal is set to survives execve(2). */
export function resetSignals(): void {
  for (let signal = 1; signal <= 64; signal++) c.signal(signal, null);
  const SIG_SETMASK = 2;
  check("sigprocmask", c.sigprocmask(SIG_SETMASK, new Uint8Array(128), null));
}

/** fcntl(2) with a `struct flock`: 0 or the errno. */
export function controlLock(fd: number, command: number, flock: DataView): number {
  lent.memory = [flock];
  return c.fcntl(fd, command, ptr(flock)) === 0 ? 0 : lastError();
}

export const RLIMIT_NOFILE = 7;

export function setResourceLimit(resource: number, soft: bigint, hard: bigint): void {
  check("setrlimit", c.setrlimit(resource, new BigUint64Array([soft, hard])));
}

/** ioctl(2) requests of terminals (asm-generic/ioctls.h) */
export const TIOC = {
  SCTTY: 0x540e,
  GWINSZ: 0x5413,
  SWINSZ: 0x5414,
  GPTN: 0x80045430,
  SPTLCK: 0x40045431,
} as const;

export function ioctl(
  fd: number,
  request: number,
  argument: Uint8Array | Uint16Array | Int32Array | null,
): void {
  check("ioctl", c.ioctl(fd, request, argument));
}

const TCGETS = 0x5401;
const TCSETS = 0x5402;

/** Whether a descriptor is a terminal, as isatty(3) finds out; node:tty costs two milliseconds to load. */
export function isTerminal(fd: number): boolean {
  return c.ioctl(fd, TCGETS, new Uint8Array(64)) === 0;
}

/** Whether something that came over a socket is still unread. */
export function hasInput(socket: number): boolean {
  const FIONREAD = 0x541b;
  const bytes = new Uint32Array(1);
  check("ioctl", c.ioctl(socket, FIONREAD, bytes));
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
  const socket = check("socket", c.socket(2, 2 | O.CLOEXEC, 0));
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
  check("fcntl", c.fcntl(fd, F_SETOWN, process.pid));
  const flags = check("fcntl", c.fcntl(fd, F_GETFL, 0));
  check("fcntl", c.fcntl(fd, F_SETFL, flags | O_ASYNC | O.NONBLOCK));
}

/** Undoes `announceInput`: who reads waits. */
export function waitForInput(fd: number): void {
  const [F_GETFL, F_SETFL, O_ASYNC] = [3, 4, 0o20000];
  const flags = check("fcntl", c.fcntl(fd, F_GETFL, 0));
  check("fcntl", c.fcntl(fd, F_SETFL, flags & ~(O_ASYNC | O.NONBLOCK)));
}

/**
 * Has the kernel send SIGKILL to `pid` when the write end of the pipe that `readEnd` belongs to is closed for good
 * (fcntl(2), O_ASYNC, F_SETSIG). It lasts as long as anybody has the read end open, and needs nothing of `pid` itself:
 * unlike PR_SET_PDEATHSIG it cannot be cleared there, and works for a process that is not our child.
 */
export function killAtHangUp(readEnd: number, pid: number): void {
  const [F_SETFL, F_SETOWN, F_SETSIG, O_ASYNC, SIGKILL] = [4, 8, 10, 0o20000, 9];
  check("fcntl", c.fcntl(readEnd, F_SETSIG, SIGKILL));
  check("fcntl", c.fcntl(readEnd, F_SETOWN, pid));
  check("fcntl", c.fcntl(readEnd, F_SETFL, O_ASYNC));
}

/** A close-on-exec descriptor of a process, which keeps meaning that process (pidfd_open(2)). */
export function openProcess(pid: number): number {
  return raw("pidfd_open", pidfdOpenNumber, [pid, 0], String(pid));
}

/** Sends a signal to the process behind a descriptor (pidfd_send_signal(2)). */
export function signalProcess(descriptor: number, signal: NodeJS.Signals): void {
  raw("pidfd_send_signal", pidfdSendSignalNumber, [descriptor, parseSignal(signal), 0, 0], signal);
}

/** Moves this process into a new cgroup namespace, whose root is where it is now (cgroup_namespaces(7)). */
export function enterNewCgroupNamespace(): void {
  const CLONE_NEWCGROUP = 0x02000000;
  check("unshare", c.unshare(CLONE_NEWCGROUP));
}

/**
 * Enters a mount namespace; root and working directory become its root. Threads that share these cannot do so one by
 * one, so the calling thread stops sharing them (setns(2)).
 */
export function enterMountNamespace(fd: number): void {
  const [CLONE_FS, CLONE_NEWNS] = [0x200, 0x20000];
  check("unshare", c.unshare(CLONE_FS));
  check("setns", c.setns(fd, CLONE_NEWNS));
}

/** Both ends of a pipe, close-on-exec: [read, write]. */
export function createPipe(): readonly [read: number, write: number] {
  const ends = new Int32Array(2);
  check("pipe2", c.pipe2(ends, O.CLOEXEC));
  return [ends[0]!, ends[1]!];
}

/** Both ends of a stream socket pair, close-on-exec. */
export function createSocketPair(): readonly [number, number] {
  const ends = new Int32Array(2);
  check("socketpair", c.socketpair(1, 1 | O.CLOEXEC, 0, ends));
  return [ends[0]!, ends[1]!];
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
  check("sendmsg", c.sendmsg(socket, descriptorMessage(control), 0));
}

/** Receives what `sendDescriptor` sent. */
export function receiveDescriptor(socket: number): number {
  const MSG_CMSG_CLOEXEC = 0x40000000;
  const control = new Uint8Array(24);
  const header = descriptorMessage(control);
  check("recvmsg", c.recvmsg(socket, header, MSG_CMSG_CLOEXEC));
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
  check("execve", c.execve(cString(path), pointersTo(words), pointersTo(variables)), path);
  throw new Error("execve returned");
}
