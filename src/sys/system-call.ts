/**
 * The kernel's calls. All go through syscall(2): binding a function of the C library takes as long as twenty calls of it, so
 * two are bound and not one for each call. That also leaves out what glibc's wrappers do besides: they change the
 * credentials of all threads, where here only the main one matters, because it ends in execve.
 */
import { dlopen, FFIType, read } from "bun:ffi";
import { SystemCallError } from "./system-call-error.ts";
import { encodeText } from "./text.ts";

const arm = process.arch === "arm64";

/** Numbers of calls: asm/unistd_64.h of x86-64, and asm-generic/unistd.h. Since Linux 5.1 they are the same everywhere. */
export const NR = {
  accept4: arm ? 242 : 288,
  bind: arm ? 200 : 49,
  capset: arm ? 91 : 126,
  chroot: arm ? 51 : 161,
  close: arm ? 57 : 3,
  close_range: 436,
  connect: arm ? 203 : 42,
  copy_file_range: arm ? 285 : 326,
  dup3: arm ? 24 : 292,
  execve: arm ? 221 : 59,
  exit_group: arm ? 94 : 231,
  faccessat: arm ? 48 : 269,
  fchdir: arm ? 50 : 81,
  fchmod: arm ? 52 : 91,
  fchmodat: arm ? 53 : 268,
  fchown: arm ? 55 : 93,
  fchownat: arm ? 54 : 260,
  fcntl: arm ? 25 : 72,
  fgetxattr: arm ? 10 : 193,
  flistxattr: arm ? 13 : 196,
  fremovexattr: arm ? 16 : 199,
  fsconfig: 431,
  fsetxattr: arm ? 7 : 190,
  fsmount: 432,
  fsopen: 430,
  fstatfs: arm ? 44 : 138,
  fsync: arm ? 82 : 74,
  ftruncate: arm ? 46 : 77,
  getdents64: arm ? 61 : 217,
  getrandom: arm ? 278 : 318,
  ioctl: arm ? 29 : 16,
  linkat: arm ? 37 : 265,
  listen: arm ? 201 : 50,
  lseek: arm ? 62 : 8,
  mkdirat: arm ? 34 : 258,
  mknodat: arm ? 33 : 259,
  mount: arm ? 40 : 165,
  mount_setattr: 442,
  move_mount: 429,
  open_tree: 428,
  openat2: 437,
  openat: arm ? 56 : 257,
  pidfd_open: 434,
  pidfd_send_signal: 424,
  pipe2: arm ? 59 : 293,
  pivot_root: arm ? 41 : 155,
  ppoll: arm ? 73 : 271,
  prctl: arm ? 167 : 157,
  pread64: arm ? 67 : 17,
  prlimit64: arm ? 261 : 302,
  pwrite64: arm ? 68 : 18,
  read: arm ? 63 : 0,
  readlinkat: arm ? 78 : 267,
  recvmsg: arm ? 212 : 47,
  renameat: arm ? 38 : 264,
  rt_sigaction: arm ? 134 : 13,
  rt_sigprocmask: arm ? 135 : 14,
  seccomp: arm ? 277 : 317,
  sendmsg: arm ? 211 : 46,
  setdomainname: arm ? 162 : 171,
  setgroups: arm ? 159 : 116,
  sethostname: arm ? 161 : 170,
  setns: arm ? 268 : 308,
  setresgid: arm ? 149 : 119,
  setresuid: arm ? 147 : 117,
  setsid: arm ? 157 : 112,
  shutdown: arm ? 210 : 48,
  socket: arm ? 198 : 41,
  socketpair: arm ? 199 : 53,
  splice: arm ? 76 : 275,
  statx: arm ? 291 : 332,
  symlinkat: arm ? 36 : 266,
  syncfs: arm ? 267 : 306,
  umask: arm ? 166 : 95,
  umount2: arm ? 39 : 166,
  unlinkat: arm ? 35 : 263,
  unshare: arm ? 97 : 272,
  utimensat: arm ? 88 : 280,
  wait4: arm ? 260 : 61,
  write: arm ? 64 : 1,
} as const;

/** A number of at most 53 bits, or memory that the kernel reads or writes while the call lasts. */
export type Argument = number | NodeJS.TypedArray | null;

// An argument that is declared as a pointer takes both.
const { symbols } = dlopen("libc.so.6", {
  syscall: { args: ["i32", "ptr", "ptr", "ptr", "ptr", "ptr", "ptr"], returns: FFIType.i64_fast },
  __errno_location: { args: [], returns: "ptr" },
});
/**
 * The call with its six arguments, as it is: -1 when it fails. Nothing stands in between that every call would run through:
 * the runtime begins to compile what is called thirty times, and a start is over before that pays.
 */
export const syscall = symbols.syscall as unknown as (
  number: number,
  a: Argument,
  b: Argument,
  c: Argument,
  d: Argument,
  e: Argument,
  f: Argument,
) => number;

const errnoLocation = symbols.__errno_location()!;

/** errno of the call that has just failed. */
export function lastError(): number {
  return read.i32(errnoLocation);
}

/** Whether the call that has just failed is to be made again, because a signal came in between (signal(7)). */
export function wasInterrupted(): boolean {
  const EINTR = 4;
  return lastError() === EINTR;
}

/** What a call has returned, or the negative errno: what may well go wrong costs no stack of an error. */
export function outcome(result: number): number {
  return result < 0 ? -lastError() : result;
}

/** The result of a call that must go well. Throws `SystemCallError`. */
export function check(call: string, result: number, subject?: string): number {
  if (result < 0) throw new SystemCallError(call, lastError(), subject);
  return result;
}

/** A C string; a name with a NUL inside would silently become another name. */
export function cString(text: string): Uint8Array {
  if (text.includes("\0")) throw new SystemCallError("path", 22, JSON.stringify(text));
  return encodeText(`${text}\0`);
}
