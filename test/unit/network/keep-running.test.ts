import { expect, test } from "bun:test";
import { keepRunning, type Running } from "../../../src/network/keep-running.ts";

/** Something that notes that it is to end, and ends when it is told. */
function thing() {
  const { promise: exited, resolve: end } = Promise.withResolvers<void>();
  const { promise: disposed, resolve } = Promise.withResolvers<void>();
  const running: Running = { exited, [Symbol.asyncDispose]: async () => resolve() };
  return { running, disposed, end };
}

test("disposal does not wait for the end, `exited` does", async () => {
  const one = thing();
  const kept = await keepRunning(async () => one.running);
  let exited = false;
  void kept.exited.then(() => {
    exited = true;
  });
  await kept[Symbol.asyncDispose]();
  await one.disposed;
  await Bun.sleep(0);
  expect(exited).toBe(false);
  one.end();
  await kept.exited;
});

test("what is being started again at disposal is disposed of as well", async () => {
  const [first, second] = [thing(), thing()];
  const restarted = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<Running>();
  const starts = [
    () => Promise.resolve(first.running),
    () => {
      restarted.resolve();
      return ready.promise;
    },
  ];
  const kept = await keepRunning(() => starts.shift()!());
  first.end();
  await restarted.promise;
  await kept[Symbol.asyncDispose]();
  ready.resolve(second.running);
  await second.disposed;
  second.end();
  await kept.exited;
});

test("disposal does not wait for the next try", async () => {
  const one = thing();
  let starts = 0;
  const kept = await keepRunning(() => {
    starts++;
    return Promise.resolve(one.running);
  });
  one.end();
  await kept[Symbol.asyncDispose]();
  await kept.exited;
  expect(starts).toBe(1);
});

test("a first start that fails is told", async () => {
  await expect(keepRunning(() => Promise.reject(new Error("no way")))).rejects.toThrow("no way");
});
