/** Bytes from one socket to another without a copy through this process (splice(2)). */
import { NR } from "./kernel-numbers.ts";
import { closeSync, readSync } from "node:fs";
import { createPipe } from "./libc.ts";
import { check, lastError, syscall } from "./system-call.ts";

const EAGAIN = 11;
const SPLICE_F_NONBLOCK = 2;
const [POLLIN, POLLOUT] = [1, 4];

/** A pipe between two sockets. Its methods never wait, and throw when a socket is broken. */
export class Splice implements Disposable {
  readonly #from: number;
  readonly #to: number;
  readonly #read: number;
  readonly #write: number;
  readonly #size: number;
  /** Bytes in the pipe. */
  #held = 0;

  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
    [this.#read, this.#write] = createPipe();
    const [F_SETPIPE_SZ, F_GETPIPE_SZ] = [1031, 1032];
    syscall(NR.fcntl, this.#write, F_SETPIPE_SZ, 1024 * 1024, 0, 0, 0); // less is slower, and what a user may have is limited
    this.#size = syscall(NR.fcntl, this.#write, F_GETPIPE_SZ, 0, 0, 0, 0);
  }

  /** How many bytes came, or went when none could come; undefined at the end. */
  move(): number | undefined {
    let came = 0;
    if (this.#held === 0) {
      const taken = splice(this.#from, this.#write, this.#size);
      if (taken === 0) return undefined;
      this.#held = came = taken ?? 0;
    }
    let went = 0;
    while (this.#held > 0) {
      const taken = splice(this.#read, this.#to, this.#held);
      if (taken === undefined) break;
      this.#held -= taken;
      went += taken;
    }
    return Math.max(came, went);
  }

  /** What came and did not go. */
  takeOut(): Uint8Array {
    const bytes = Buffer.allocUnsafe(this.#held);
    while (this.#held > 0) {
      const at = bytes.length - this.#held;
      this.#held -= readSync(this.#read, bytes, at, this.#held, null);
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    closeSync(this.#read);
    closeSync(this.#write);
  }

  /** Waits until one of them can move something, or so many microseconds, less than a second. */
  static wait(splices: readonly Splice[], microseconds: number): void {
    const set = Int32Array.from(
      splices.flatMap((each) => (each.#held > 0 ? [each.#to, POLLOUT] : [each.#from, POLLIN])),
    );
    syscall(NR.ppoll, set, splices.length, BigUint64Array.of(0n, BigInt(microseconds * 1000)), null, 0, 0);
  }
}

/** Undefined when it would have to wait. */
function splice(from: number, to: number, size: number): number | undefined {
  const moved = syscall(NR.splice, from, null, to, null, size, SPLICE_F_NONBLOCK);
  return moved < 0 && lastError() === EAGAIN ? undefined : check("splice", moved);
}
