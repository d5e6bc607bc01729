// biome-ignore-all lint/style/useLiteralEnumMembers: of two architectures
/**
 * Numbers of the kernel. The bundler writes enums where they are used, and knows the architecture by then: an object would
 * be made at every start of every process, property by property, in the time of ten calls.
 */

/** Numbers of calls: asm/unistd_64.h of x86-64, and asm-generic/unistd.h. Since Linux 5.1 they are the same everywhere. */
export enum NR {
  accept4 = process.arch === "arm64" ? 242 : 288,
  bind = process.arch === "arm64" ? 200 : 49,
  capset = process.arch === "arm64" ? 91 : 126,
  chroot = process.arch === "arm64" ? 51 : 161,
  close = process.arch === "arm64" ? 57 : 3,
  close_range = 436,
  connect = process.arch === "arm64" ? 203 : 42,
  copy_file_range = process.arch === "arm64" ? 285 : 326,
  dup3 = process.arch === "arm64" ? 24 : 292,
  execve = process.arch === "arm64" ? 221 : 59,
  exit_group = process.arch === "arm64" ? 94 : 231,
  faccessat = process.arch === "arm64" ? 48 : 269,
  fchdir = process.arch === "arm64" ? 50 : 81,
  fchmod = process.arch === "arm64" ? 52 : 91,
  fchmodat = process.arch === "arm64" ? 53 : 268,
  fchown = process.arch === "arm64" ? 55 : 93,
  fchownat = process.arch === "arm64" ? 54 : 260,
  fcntl = process.arch === "arm64" ? 25 : 72,
  fgetxattr = process.arch === "arm64" ? 10 : 193,
  flistxattr = process.arch === "arm64" ? 13 : 196,
  fremovexattr = process.arch === "arm64" ? 16 : 199,
  fsconfig = 431,
  fsetxattr = process.arch === "arm64" ? 7 : 190,
  fsmount = 432,
  fsopen = 430,
  fstatfs = process.arch === "arm64" ? 44 : 138,
  fsync = process.arch === "arm64" ? 82 : 74,
  ftruncate = process.arch === "arm64" ? 46 : 77,
  getdents64 = process.arch === "arm64" ? 61 : 217,
  getrandom = process.arch === "arm64" ? 278 : 318,
  ioctl = process.arch === "arm64" ? 29 : 16,
  linkat = process.arch === "arm64" ? 37 : 265,
  listen = process.arch === "arm64" ? 201 : 50,
  lseek = process.arch === "arm64" ? 62 : 8,
  mkdirat = process.arch === "arm64" ? 34 : 258,
  mknodat = process.arch === "arm64" ? 33 : 259,
  mount = process.arch === "arm64" ? 40 : 165,
  mount_setattr = 442,
  move_mount = 429,
  open_tree = 428,
  openat2 = 437,
  openat = process.arch === "arm64" ? 56 : 257,
  pidfd_open = 434,
  pidfd_send_signal = 424,
  pipe2 = process.arch === "arm64" ? 59 : 293,
  pivot_root = process.arch === "arm64" ? 41 : 155,
  ppoll = process.arch === "arm64" ? 73 : 271,
  prctl = process.arch === "arm64" ? 167 : 157,
  pread64 = process.arch === "arm64" ? 67 : 17,
  prlimit64 = process.arch === "arm64" ? 261 : 302,
  pwrite64 = process.arch === "arm64" ? 68 : 18,
  read = process.arch === "arm64" ? 63 : 0,
  readlinkat = process.arch === "arm64" ? 78 : 267,
  recvmsg = process.arch === "arm64" ? 212 : 47,
  renameat = process.arch === "arm64" ? 38 : 264,
  rt_sigaction = process.arch === "arm64" ? 134 : 13,
  rt_sigprocmask = process.arch === "arm64" ? 135 : 14,
  seccomp = process.arch === "arm64" ? 277 : 317,
  sendmsg = process.arch === "arm64" ? 211 : 46,
  setdomainname = process.arch === "arm64" ? 162 : 171,
  setgroups = process.arch === "arm64" ? 159 : 116,
  sethostname = process.arch === "arm64" ? 161 : 170,
  setns = process.arch === "arm64" ? 268 : 308,
  setresgid = process.arch === "arm64" ? 149 : 119,
  setresuid = process.arch === "arm64" ? 147 : 117,
  setsid = process.arch === "arm64" ? 157 : 112,
  shutdown = process.arch === "arm64" ? 210 : 48,
  socket = process.arch === "arm64" ? 198 : 41,
  socketpair = process.arch === "arm64" ? 199 : 53,
  splice = process.arch === "arm64" ? 76 : 275,
  statx = process.arch === "arm64" ? 291 : 332,
  symlinkat = process.arch === "arm64" ? 36 : 266,
  syncfs = process.arch === "arm64" ? 267 : 306,
  umask = process.arch === "arm64" ? 166 : 95,
  umount2 = process.arch === "arm64" ? 39 : 166,
  unlinkat = process.arch === "arm64" ? 35 : 263,
  unshare = process.arch === "arm64" ? 97 : 272,
  utimensat = process.arch === "arm64" ? 88 : 280,
  wait4 = process.arch === "arm64" ? 260 : 61,
  write = process.arch === "arm64" ? 64 : 1,
}

/** open(2) flags, the same on x86-64 and arm64 but for O_DIRECTORY and O_NOFOLLOW. */
export enum O {
  RDONLY = 0,
  WRONLY = 1,
  RDWR = 2,
  CREAT = 0o100,
  EXCL = 0o200,
  NOCTTY = 0o400,
  TRUNC = 0o1000,
  APPEND = 0o2000,
  NONBLOCK = 0o4000,
  DIRECTORY = process.arch === "arm64" ? 0o40000 : 0o200000,
  NOFOLLOW = process.arch === "arm64" ? 0o100000 : 0o400000,
  CLOEXEC = 0o2000000,
  PATH = 0o10000000,
}

/** openat2(2) resolve flags */
export enum RESOLVE {
  NO_XDEV = 1,
  NO_MAGICLINKS = 2,
  NO_SYMLINKS = 4,
  IN_ROOT = 16,
}

/** mount(2) flags */
export enum MS {
  RDONLY = 1,
  NODEV = 4,
  PRIVATE = 1 << 18,
  SLAVE = 1 << 19,
}

/** mount_setattr(2) attributes */
export enum MOUNT_ATTR {
  RDONLY = 1,
  NOSUID = 2,
  NODEV = 4,
  NOEXEC = 8,
  NOATIME = 0x10,
  STRICTATIME = 0x20,
  NODIRATIME = 0x80,
}

/** prctl(2) */
export enum PR {
  SET_PDEATHSIG = 1,
  SET_SECCOMP = 22,
  CAPBSET_DROP = 24,
  SET_NO_NEW_PRIVS = 38,
  CAP_AMBIENT = 47,
}

/** ioctl(2) requests of terminals (asm-generic/ioctls.h) */
export enum TIOC {
  SCTTY = 0x540e,
  GWINSZ = 0x5413,
  SWINSZ = 0x5414,
  GPTN = 0x80045430,
  SPTLCK = 0x40045431,
}

/** File type bits of a mode (inode(7)). */
export enum S {
  IFMT = 0o170000,
  IFIFO = 0o010000,
  IFCHR = 0o020000,
  IFDIR = 0o040000,
  IFBLK = 0o060000,
  IFREG = 0o100000,
  IFLNK = 0o120000,
  IFSOCK = 0o140000,
  ISUID = 0o4000,
  ISGID = 0o2000,
  IXGRP = 0o010,
}
