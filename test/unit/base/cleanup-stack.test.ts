import { expect, test } from "bun:test";
import { CleanupStack } from "../../../src/base/cleanup-stack.ts";

test("what was used is undone in reverse, and waited for", async () => {
  const done: string[] = [];
  {
    await using stack = new CleanupStack();
    stack.use({ [Symbol.dispose]: () => void done.push("sync") });
    stack.use({
      async [Symbol.asyncDispose]() {
        await Bun.sleep(1);
        done.push("async");
      },
      [Symbol.dispose]: () => void done.push("never"),
    });
    expect(stack.use(undefined)).toBeUndefined();
    stack.defer(() => void done.push("deferred"));
  }
  expect(done).toEqual(["deferred", "async", "sync"]);
});

test("a failure keeps nothing else from being undone, and is what is thrown", async () => {
  const done: string[] = [];
  const stack = new CleanupStack();
  stack.defer(() => void done.push("first"));
  stack.defer(() => Promise.reject(new Error("one")));
  stack.defer(() => void done.push("second"));
  await expect(stack[Symbol.asyncDispose]()).rejects.toThrow("one");
  expect(done).toEqual(["second", "first"]);
  await stack[Symbol.asyncDispose]();
  expect(done).toHaveLength(2);
});

test("what was handed on is undone there", async () => {
  const done: string[] = [];
  const stack = new CleanupStack();
  stack.defer(() => void done.push("moved"));
  const other = stack.move();
  await stack[Symbol.asyncDispose]();
  expect(done).toEqual([]);
  await other[Symbol.asyncDispose]();
  expect(done).toEqual(["moved"]);
});

test("what nobody would undo any more is refused, as by the runtime's own stack", async () => {
  const ended = new CleanupStack();
  await ended[Symbol.asyncDispose]();
  const moved = new CleanupStack();
  moved.move();
  for (const stack of [ended, moved]) {
    expect(() => stack.defer(() => undefined)).toThrow(ReferenceError);
    expect(() => stack.use({ [Symbol.dispose]() {} })).toThrow(ReferenceError);
  }
});

test("who disposes of it meanwhile waits for the one who does; what is added meanwhile is undone, too", async () => {
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const stack = new CleanupStack();
  stack.defer(() => void done.push("first"));
  stack.defer(() => gate.promise);
  const both = [stack[Symbol.asyncDispose](), stack[Symbol.asyncDispose]()];
  stack.defer(() => void done.push("added"));
  expect(done).toEqual([]);
  gate.resolve();
  await Promise.all(both);
  expect(done).toEqual(["added", "first"]);
});

/** The error that a block ends with whose stack could not undo two things. */
async function ending(stack: AsyncDisposable & { defer(undo: () => Promise<void>): void }): Promise<unknown> {
  try {
    await using used = stack;
    used.defer(() => Promise.reject(new Error("undone last")));
    used.defer(() => Promise.reject(new Error("undone first")));
    throw new Error("work");
  } catch (error) {
    return error;
  }
}

test("of several failures it tells what the runtime's own stack tells", async () => {
  const told = (error: unknown): unknown =>
    error instanceof SuppressedError ? [told(error.error), told(error.suppressed)] : String(error);
  const ours = told(await ending(new CleanupStack()));
  expect(ours).toEqual([["Error: undone last", "Error: undone first"], "Error: work"]);
  expect(ours).toEqual(told(await ending(new AsyncDisposableStack())));
});
