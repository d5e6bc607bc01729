import { expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { emitEvent, eventLogPath } from "../../../src/engine/events.ts";
import { testEngine } from "../../support/engine.ts";

const event = (id: string) =>
  ({ type: "volume", action: "create", id, attributes: { driver: "local" } }) as const;

test("an event is one line with its time", () => {
  using engine = testEngine();
  engine.context.store.isWritable();
  emitEvent(engine.context, event("first\nline"));
  emitEvent(engine.context, event("second"));
  const lines = readFileSync(eventLogPath(engine.context), "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z$/), ...event("first\nline") },
    { time: expect.any(String), ...event("second") },
  ]);
});

test("the file does not grow for ever", () => {
  using engine = testEngine();
  engine.context.store.isWritable();
  const path = eventLogPath(engine.context);
  writeFileSync(path, "x".repeat(2 * 1024 * 1024));
  emitEvent(engine.context, event("last of the old"));
  emitEvent(engine.context, event("first of the new"));
  expect(statSync(`${path}.1`).size).toBeGreaterThan(2 * 1024 * 1024);
  expect(JSON.parse(readFileSync(path, "utf8")).id).toBe("first of the new");
});

test("nothing is told, and nothing fails, without a store", () => {
  using engine = testEngine();
  expect(() => emitEvent(engine.context, event("x"))).not.toThrow();
});
