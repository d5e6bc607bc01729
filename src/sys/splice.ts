/** Bytes from one socket to another without a copy through this process (splice(2)). */
import { dlopen, FFIType, read } from "bun:ffi";
import { readSync } from "node:fs";
import { createPipe } from "./libc.ts";
import { SystemCallError } from "./system-call-error.ts";

const { symbols: c } = dlopen("libc.so.6", {
  __errno_location: { args: [], returns: "ptr" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  splice: { args: ["i32", "ptr", "i32", "ptr", "u64", "u32"], returns: FFIType.i64_fast },
});

const EAGAIN = 11;
const SPLICE_F_NONBLOCK = 2;

/** What happened: bytes were moved, and `rest` are those that the target did not take any more. */
export interface Moved {
  readonly size: number;
  readonly rest: Uint8Array | undefined;
}

/** A pipe that is empty between two calls. */
export class Splice {
  readonly #read: number;
  readonly #write: number;
  readonly #size: number;

  constructor() {
    [this.#read, this.#write] = createPipe();
    const [F_SETPIPE_SZ, F_GETPIPE_SZ] = [1031, 1032];
    c.fcntl(this.#write, F_SETPIPE_SZ, 1024 * 1024); // less is slower, and what a user may have is limited
    this.#size = c.fcntl(this.#write, F_GETPIPE_SZ, 0);
  }

  /** Moves what there is, without waiting; nothing at its end, too. Throws when one of the sockets is broken. */
  move(from: number, to: number): Moved {
    const size = this.#call(from, this.#write, this.#size);
    let left = size;
    try {
      while (left > 0) {
        const taken = this.#call(this.#read, to, left);
        if (taken === 0) break;
        left -= taken;
      }
      return { size, rest: left === 0 ? undefined : this.#takeOut(left) };
    } catch (error) {
      this.#takeOut(left);
      throw error;
    }
  }

  #call(from: number, to: number, size: number): number {
    const moved = Number(c.splice(from, null, to, null, size, SPLICE_F_NONBLOCK));
    if (moved >= 0) return moved;
    const errno = read.i32(c.__errno_location()!);
    if (errno === EAGAIN) return 0;
    throw new SystemCallError("splice", errno);
  }

  #takeOut(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) at += readSync(this.#read, bytes, at, size - at, null);
    return bytes;
  }
}
