import { expect, test } from "bun:test";
import { closeSync, writeSync } from "node:fs";
import { BerthError } from "../../../src/base/errors.ts";
import {
  failureOf,
  readMessages,
  receiveLine,
  reportedError,
  sendMessage,
  sendUnlessGone,
} from "../../../src/sys/message-channel.ts";
import { createSocketPair } from "../../../src/sys/libc.ts";

test("messages arrive one by one, however the bytes are cut, until the other side closes", async () => {
  const [ours, theirs] = createSocketPair();
  const received: unknown[] = [];
  const reading = (async () => {
    for await (const message of readMessages(ours)) received.push(message);
  })();
  sendMessage(theirs, { text: "é\n" });
  const [first, second] = ['{"n":', '1}\n{"n":2}\n'];
  writeSync(theirs, first);
  await Bun.sleep(0);
  writeSync(theirs, second);
  closeSync(theirs);
  await reading;
  closeSync(ours);
  expect(received).toEqual([{ text: "é\n" }, { n: 1 }, { n: 2 }]);
});

test("a line is waited for, and there is none when the other side is gone", () => {
  const [ours, theirs] = createSocketPair();
  sendMessage(theirs, { long: "x".repeat(200) });
  expect(receiveLine(ours)).toBe(`${JSON.stringify({ long: "x".repeat(200) })}\n`);
  closeSync(theirs);
  expect(receiveLine(ours)).toBeUndefined();
  expect(() => sendMessage(ours, {})).toThrow("EPIPE");
  expect(() => sendUnlessGone(ours, {})).not.toThrow();
  closeSync(ours);
});

test("an error arrives as it was thrown", () => {
  const error = new BerthError("denied", "no", { hint: "ask" });
  expect(reportedError(failureOf(error))).toEqual(error);
  expect(reportedError(failureOf(new Error("what")))).toEqual(new BerthError("internal", "what"));
});
