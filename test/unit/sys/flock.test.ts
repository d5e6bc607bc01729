import { expect, test } from "bun:test";
import { join } from "node:path";
import { isLocked, tryLock, waitForLock } from "../../../src/sys/flock.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const source = join(import.meta.dir, "../../../src/sys/flock.ts");

test("an exclusive lock excludes every other holder of the same name, also in one process", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "locks");
  using first = tryLock(path, "a", "exclusive");
  expect(first).toBeDefined();
  expect(tryLock(path, "a", "exclusive")).toBeUndefined();
  expect(tryLock(path, "a", "shared")).toBeUndefined();
  using other = tryLock(path, "b", "exclusive");
  expect(other).toBeDefined();
});

test("a downgraded lock lets readers in and keeps writers out", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "locks");
  using first = tryLock(path, "a", "exclusive");
  first?.downgrade();
  expect(first?.mode).toBe("shared");
  using reader = tryLock(path, "a", "shared");
  expect(reader).toBeDefined();
  expect(tryLock(path, "a", "exclusive")).toBeUndefined();
});

test("waiting ends when the holder releases, and with the signal's reason when it is aborted", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "locks");
  const first = tryLock(path, "a", "exclusive");
  const abort = new AbortController();
  const aborted = waitForLock(path, "a", "shared", abort.signal);
  abort.abort(new Error("enough"));
  expect(aborted).rejects.toThrow("enough");
  const waiting = waitForLock(path, "a", "shared");
  first?.release();
  using second = await waiting;
  expect(second.mode).toBe("shared");
});

test("a lock ends with its process, however that ends, and does not pass to children", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "locks");
  const script = `
    import { tryLock } from ${JSON.stringify(source)};
    const held = tryLock(${JSON.stringify(path)}, "a", "exclusive");
    const child = Bun.spawn(["sleep", "1000"]);
    console.log(held === undefined ? "no" : child.pid);
    await new Promise(() => {});
    held.release();`;
  const holder = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  const reader = holder.stdout.getReader();
  const child = Number(new TextDecoder().decode((await reader.read()).value));
  try {
    expect(child).toBeGreaterThan(0);
    expect(tryLock(path, "a", "shared")).toBeUndefined();
    holder.kill("SIGKILL");
    await holder.exited;
    using lock = await waitForLock(path, "a", "exclusive");
    expect(lock.mode).toBe("exclusive");
  } finally {
    if (child > 0) process.kill(child, "SIGKILL");
  }
});

test("anybody can see that a lock is held, without being in the way of others", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "locks");
  expect(isLocked(path, "a")).toBe(false);
  for (const mode of ["shared", "exclusive"] as const) {
    using held = tryLock(path, "a", mode);
    expect([held?.mode, isLocked(path, "a"), isLocked(path, "b")]).toEqual([mode, true, false]);
  }
  expect(isLocked(path, "a")).toBe(false);
});
