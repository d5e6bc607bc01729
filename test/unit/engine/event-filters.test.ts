import { expect, test } from "bun:test";
import { eventFilter } from "../../../src/engine/event-filters.ts";
import type { EngineEvent } from "../../../src/engine/events.ts";

const start: EngineEvent = {
  type: "container",
  action: "start",
  id: "abc123",
  attributes: { name: "web", image: "debian:13", tier: "front", empty: "" },
};
const exec: EngineEvent = { ...start, action: "exec_start: ls -l" };
const tag: EngineEvent = {
  type: "image",
  action: "tag",
  id: "sha256:def",
  attributes: { name: "host:5000/app:1" },
};

test.each<[readonly string[], EngineEvent, boolean]>([
  [[], start, true],
  [["type=container"], start, true],
  [["type=image"], start, false],
  [["type=image", "type=container"], start, true],
  [["type=container", "event=die"], start, false],
  [["event=start"], start, true],
  [["event=sta"], start, false],
  [["event=exec_start"], exec, true], // what is executed follows a colon
  [["event=exec_start: ls -l"], exec, true],
  [["event=exec_create"], exec, false],
  [["container=web"], start, true],
  [["container=we"], start, true],
  [["container=abc"], start, true],
  [["container=bc1"], start, false],
  [["container=web"], tag, false],
  [["image=debian"], start, true],
  [["image=debian:13"], start, true],
  [["image=debian:12"], start, false],
  [["image=host:5000/app"], tag, true],
  [["image=sha256:def"], tag, true],
  [["label=tier"], start, true],
  [["label=tier=front"], start, true],
  [["label=tier=back"], start, false],
  [["label=tier", "label=none"], start, false],
  [["label=empty="], start, true],
  [["label=toString"], start, false],
  [["scope=local"], start, true],
  [["scope=swarm"], start, false],
])("%j", (filters, event, expected) => expect(eventFilter(filters)(event)).toBe(expected));

test("what cannot be filtered by is refused", () => {
  expect(() => eventFilter(["colour=red"])).toThrow("invalid filter 'colour'");
  expect(() => eventFilter(["type"])).toThrow("bad format of filter (expected name=value)");
});
