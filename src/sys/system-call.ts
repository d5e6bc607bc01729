/**
 * The kernel's calls. All go through syscall(2): binding a function of the C library takes as long as twenty calls of it, so
 * two are bound and not one for each call. That also leaves out what glibc's wrappers do besides: they change the
 * credentials of all threads, where here only the main one matters, because it ends in execve.
 */
import { dlopen, FFIType, read } from "bun:ffi";
import { SystemCallError } from "./system-call-error.ts";
import { encodeText } from "./text.ts";

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
