import { messageOf } from "../base/errors.ts";

/** The names of errno 1, 2, … without their E (asm-generic/errno.h); node:os knows them, too, but takes time to load. */
const names =
  "PERM NOENT SRCH INTR IO NXIO 2BIG NOEXEC BADF CHILD AGAIN NOMEM ACCES FAULT NOTBLK BUSY EXIST XDEV NODEV NOTDIR " +
  "ISDIR INVAL NFILE MFILE NOTTY TXTBSY FBIG NOSPC SPIPE ROFS MLINK PIPE DOM RANGE DEADLK NAMETOOLONG NOLCK NOSYS " +
  "NOTEMPTY LOOP - NOMSG IDRM CHRNG L2NSYNC L3HLT L3RST LNRNG UNATCH NOCSI L2HLT BADE BADR XFULL NOANO BADRQC " +
  "BADSLT - BFONT NOSTR NODATA TIME NOSR NONET NOPKG REMOTE NOLINK ADV SRMNT COMM PROTO MULTIHOP DOTDOT BADMSG " +
  "OVERFLOW NOTUNIQ BADFD REMCHG LIBACC LIBBAD LIBSCN LIBMAX LIBEXEC ILSEQ RESTART STRPIPE USERS NOTSOCK " +
  "DESTADDRREQ MSGSIZE PROTOTYPE NOPROTOOPT PROTONOSUPPORT SOCKTNOSUPPORT OPNOTSUPP PFNOSUPPORT AFNOSUPPORT ADDRINUSE " +
  "ADDRNOTAVAIL NETDOWN NETUNREACH NETRESET CONNABORTED CONNRESET NOBUFS ISCONN NOTCONN SHUTDOWN TOOMANYREFS " +
  "TIMEDOUT CONNREFUSED HOSTDOWN HOSTUNREACH ALREADY INPROGRESS STALE UCLEAN NOTNAM NAVAIL ISNAM REMOTEIO DQUOT " +
  "NOMEDIUM MEDIUMTYPE CANCELED NOKEY KEYEXPIRED KEYREVOKED KEYREJECTED OWNERDEAD NOTRECOVERABLE RFKILL -";

/** What the commonest of them mean, in the words of strerror(3). */
const meanings = (): Readonly<Record<string, string>> => ({
  EPERM: "operation not permitted",
  ENOENT: "no such file or directory",
  EIO: "input/output error",
  EACCES: "permission denied",
  EBUSY: "device or resource busy",
  EEXIST: "file exists",
  EXDEV: "invalid cross-device link",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  EINVAL: "invalid argument",
  EMFILE: "too many open files",
  ENFILE: "too many open files in system",
  EFBIG: "file too large",
  ENOSPC: "no space left on device",
  EROFS: "read-only file system",
  EPIPE: "broken pipe",
  ENAMETOOLONG: "file name too long",
  ENOTEMPTY: "directory not empty",
  ELOOP: "too many levels of symbolic links",
  ENXIO: "no such device or address",
  ESTALE: "stale file handle",
  EDQUOT: "disk quota exceeded",
});

/** A system call that the kernel refused. `code` is the errno name (`EPERM`), as in Node's system errors. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly errno: number;
  readonly code: string;
  readonly call: string;
  /** In words, where there are some: `permission denied`. */
  readonly meaning: string;

  constructor(call: string, errno: number, subject?: string) {
    const known = names.split(" ")[errno - 1];
    const code = known === undefined || known === "-" ? `errno ${errno}` : `E${known}`;
    const meaning = meanings()[code] ?? code;
    const reason = meaning === code ? code : `${meaning} (${code})`;
    super(subject === undefined ? `${call}: ${reason}` : `${call} ${subject}: ${reason}`);
    this.meaning = meaning;
    this.call = call;
    this.errno = errno;
    this.code = code;
  }
}

/** What is wrong, for a message that says already what was done to what. */
export function meaningOf(error: unknown): string {
  return error instanceof SystemCallError ? error.meaning : messageOf(error);
}
