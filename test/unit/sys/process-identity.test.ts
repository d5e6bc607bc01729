import { expect, test } from "bun:test";
import { identifyProcess, isAlive, isKnownHere } from "../../../src/sys/process-identity.ts";

test("a process is alive as itself, and not with another start time or boot", () => {
  const self = identifyProcess(process.pid)!;
  expect(isAlive(self)).toBe(true);
  expect(isAlive({ ...self, startTime: self.startTime + 1 })).toBe(false);
  expect(isAlive({ ...self, bootId: "00000000-0000-0000-0000-000000000000" })).toBe(false);
});

test("a process is known until somebody has waited for it, and on its own machine only", async () => {
  const child = Bun.spawn(["sleep", "100"]);
  const identity = identifyProcess(child.pid)!;
  expect(isKnownHere(identity)).toBe(true);
  expect(isKnownHere({ ...identity, bootId: "00000000-0000-0000-0000-000000000000" })).toBe(false);
  child.kill("SIGKILL");
  await child.exited;
  expect(isKnownHere(identity)).toBe(false);
});

test("an ended process has no identity and is not alive", async () => {
  const child = Bun.spawn(["sleep", "100"]);
  const identity = identifyProcess(child.pid)!;
  expect(isAlive(identity)).toBe(true);
  child.kill("SIGKILL");
  await child.exited;
  expect(isAlive(identity)).toBe(false);
  expect(identifyProcess(2 ** 22 + 1)).toBeUndefined();
});
