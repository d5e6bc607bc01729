import { expect, test } from "bun:test";
import { BerthError } from "../../../src/base/errors.ts";
import { Interrupted, interruptible } from "../../../src/cli/interruption.ts";

/** Work that goes on until it is told to stop, as a pull does. */
const untilAborted = (signal: AbortSignal, fail: (reason: unknown) => unknown) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(fail(signal.reason)), { once: true });
  });

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s aborts the work and ends with %d", async (name, status) => {
  const work = interruptible((signal) => {
    queueMicrotask(() => process.emit(name));
    return untilAborted(signal, (reason) => reason);
  });
  await expect(work).rejects.toEqual(new Interrupted(status));
});

test("a use case's own way to say that it was interrupted counts, too", async () => {
  const work = interruptible((signal) => {
    queueMicrotask(() => process.emit("SIGINT"));
    return untilAborted(signal, () => new BerthError("interrupted", "pull was interrupted"));
  });
  await expect(work).rejects.toMatchObject({ name: "Interrupted", status: 130 });
});

test("another failure after a signal is told as itself", async () => {
  const work = interruptible((signal) => {
    queueMicrotask(() => process.emit("SIGINT"));
    return untilAborted(signal, () => new BerthError("no-space", "the disk is full"));
  });
  await expect(work).rejects.toMatchObject({ code: "no-space" });
});

test("work that ends by itself gives its result, and no listener stays", async () => {
  const before = process.listenerCount("SIGINT");
  expect(await interruptible(async () => 7)).toBe(7);
  expect(process.listenerCount("SIGINT")).toBe(before);
});
