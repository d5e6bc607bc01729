import { NR, O } from "../../../src/sys/kernel-numbers.ts";
import { expect, test } from "bun:test";
import { closeSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AT_FDCWD } from "../../../src/sys/libc.ts";
import { check, cString, lastError, outcome, syscall } from "../../../src/sys/system-call.ts";
import { syscallNumbers } from "../../../src/sys/syscall-numbers.ts";

// Of the other architecture only the source can tell here.
const source = readFileSync(join(import.meta.dir, "../../../src/sys/kernel-numbers.ts"), "utf8");
const written = [
  ...source
    .slice(0, source.indexOf("enum O"))
    .matchAll(/^ {2}(\w+) = (?:process\.arch === "arm64" \? (\d+) : )?(\d+),$/gm),
].map(([, name = "", arm, number]) => ({ name, aarch64: Number(arm ?? number), x86_64: Number(number) }));

test("every number is the one that filters have for the name, on both architectures", () => {
  expect(written.map(({ name }) => name)).toEqual(Object.keys(NR).filter((key) => Number.isNaN(Number(key))));
  const [onIntel, onArm] = [syscallNumbers(1), syscallNumbers(3)];
  const known = written.map(({ name }) => ({ name, aarch64: onArm.get(name), x86_64: onIntel.get(name) }));
  expect(known).toEqual(written);
});

test("arguments are numbers of either sign, larger than 32 bits too, and memory that the kernel reads and writes", () => {
  const directory = mkdtempSync(join(tmpdir(), "berth-system-call-"));
  try {
    const name = cString(join(directory, "file"));
    const fd = check("openat", syscall(NR.openat, AT_FDCWD, name, O.CREAT | O.RDWR, 0o600, 0, 0));
    const far = 2 ** 40 + 3;
    expect(syscall(NR.lseek, fd, far, 0, 0, 0, 0)).toBe(far);
    expect(syscall(NR.lseek, fd, -3, 1, 0, 0, 0)).toBe(2 ** 40);
    const written = new TextEncoder().encode("xxhello").subarray(2);
    expect(syscall(NR.pwrite64, fd, written, written.length, 0, 0, 0)).toBe(5);
    const read = new Uint8Array(8).subarray(1);
    expect(syscall(NR.pread64, fd, read, read.length, 1, 0, 0)).toBe(4);
    expect(new TextDecoder().decode(read.subarray(0, 4))).toBe("ello");
    closeSync(fd);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a call that fails says why", () => {
  const [EBADF, highest] = [9, 0x7fffffff];
  expect(syscall(NR.close, highest, 0, 0, 0, 0, 0)).toBe(-1);
  expect(lastError()).toBe(EBADF);
  expect(outcome(syscall(NR.close, highest, 0, 0, 0, 0, 0))).toBe(-EBADF);
  expect(() => check("close", syscall(NR.close, highest, 0, 0, 0, 0, 0), "7")).toThrow("close 7: EBADF");
});
