import { O } from "./kernel-numbers.ts";
import { BerthError } from "../base/errors.ts";
import { close, open, tryOpen } from "./files.ts";
import { controlLock } from "./libc.ts";

export type LockMode = "shared" | "exclusive";

/** A lock that ends with `release`, with disposal, or with the death of the process. */
export interface HeldLock extends Disposable {
  readonly mode: LockMode;
  /** Exclusive becomes shared without a moment in between (fcntl(2): conversion is atomic). */
  downgrade(): void;
  release(): void;
}

const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const lockTypes = { shared: 0, exclusive: 1 } as const; // F_RDLCK, F_WRLCK
const F_UNLCK = 2;
const EINTR = 4;
const EAGAIN = 11;
const EACCES = 13;

/**
 * One byte of a file, locked by an open file description lock (fcntl(2), F_OFD_SETLK). Unlike flock(2) one file
 * serves any number of names, so no lock file is ever left behind or removed under somebody's feet; unlike POSIX
 * locks two holders in one process exclude each other. 0 or the errno.
 */
function setLock(fd: number, mode: LockMode, offset: bigint): number {
  const flock = byteLock(mode, offset);
  for (;;) {
    const errno = controlLock(fd, F_OFD_SETLK, flock);
    if (errno !== EINTR) return errno;
  }
}

function byteLock(mode: LockMode, offset: bigint): DataView {
  const flock = new DataView(new ArrayBuffer(32)); // struct flock on 64-bit Linux; l_whence and l_pid stay 0
  flock.setInt16(0, lockTypes[mode], true);
  flock.setBigInt64(8, offset, true);
  flock.setBigInt64(16, 1n, true);
  return flock;
}

/** Where in the lock file a name lives: 62 bits of its SHA-256, the same in every version of berth. */
function offsetOf(name: string): bigint {
  const hash = new Bun.CryptoHasher("sha256").update(name).digest();
  return hash.readBigUInt64BE(0) >> 2n;
}

/**
 * Takes the lock called `name` in the lock file at `path` (created with mode 0600), or gives undefined when somebody
 * else holds it in a way that excludes `mode`. Throws `unsupported` on a file system without locks.
 */
export function tryLock(path: string, name: string, mode: LockMode): HeldLock | undefined {
  const fd = open(path, O.RDWR | O.CREAT, 0o600); // shared locks need a readable, exclusive locks a writable descriptor
  const offset = offsetOf(name);
  const errno = setLock(fd, mode, offset);
  if (errno !== 0) {
    close(fd);
    if (errno === EAGAIN || errno === EACCES) return undefined;
    throw new BerthError(
      "unsupported",
      `cannot lock ${path}: the file system has no locks (errno ${errno})`,
      {
        hint: "set BERTH_ROOT to a directory on a local file system",
      },
    );
  }
  let held: LockMode | undefined = mode;
  const release = () => {
    if (held === undefined) return;
    held = undefined;
    close(fd);
  };
  return {
    get mode() {
      return held ?? mode;
    },
    downgrade() {
      if (held !== "exclusive") return;
      setLock(fd, "shared", offset);
      held = "shared";
    },
    release,
    [Symbol.dispose]: release,
  };
}

/** Whether anybody holds the lock called `name`, on this machine or on another one. Takes nothing, and so is in nobody's way. */
export function isLocked(path: string, name: string): boolean {
  const fd = tryOpen(path, O.RDONLY, 0);
  if (fd < 0) return false;
  const flock = byteLock("exclusive", offsetOf(name));
  const errno = controlLock(fd, F_OFD_GETLK, flock);
  close(fd);
  return errno === 0 && flock.getInt16(0, true) !== F_UNLCK;
}

/** Waits for the lock; the first tries come quickly, later ones every 50 ms. Aborts with the signal's reason. */
export async function waitForLock(
  path: string,
  name: string,
  mode: LockMode,
  signal?: AbortSignal,
): Promise<HeldLock> {
  for (let pause = 2; ; pause = Math.min(pause * 2, 50)) {
    signal?.throwIfAborted();
    const lock = tryLock(path, name, mode);
    if (lock !== undefined) return lock;
    await Bun.sleep(pause);
  }
}

/** Waits for the lock without giving the thread back: only for locks that are held for moments. */
export function waitForLockSync(path: string, name: string, mode: LockMode, timeout = 30_000): HeldLock {
  const end = performance.now() + timeout;
  for (;;) {
    const lock = tryLock(path, name, mode);
    if (lock !== undefined) return lock;
    if (performance.now() > end) {
      throw new BerthError("conflict", `another berth has held ${name} of ${path} for ${timeout / 1000} s`);
    }
    Bun.sleepSync(2);
  }
}
