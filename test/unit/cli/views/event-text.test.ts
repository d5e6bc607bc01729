import { expect, test } from "bun:test";
import { eventText } from "../../../../src/cli/views/event-text.ts";
import type { RecordedEvent } from "../../../../src/engine/events.ts";

const event: RecordedEvent = {
  time: "2026-11-21T04:00:41.123456000Z",
  type: "container",
  action: "create",
  id: "abc",
  attributes: { name: "web", image: "debian", "a<b": "\u001b]0;title\u0007" },
};

test("Docker's line, in local time, with nothing that a terminal would obey", () => {
  const line = eventText("")(event);
  expect(line).toEndWith(" container create abc (a<b=\\e]0;title\\x07, image=debian, name=web)\n");
  const [time = ""] = line.split(" ");
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.123456000(Z|[+-]\d\d:\d\d)$/);
  expect(Date.parse(time)).toBe(Date.parse(event.time));
});

test("an event without attributes has no brackets", () => {
  expect(eventText("")({ ...event, attributes: {} })).toEndWith(" container create abc\n");
});

test("JSON has Docker's fields, and the nanoseconds in full", () => {
  expect(eventText("json")({ ...event, attributes: { name: "web" } })).toBe(
    '{"Type":"container","Action":"create","Actor":{"ID":"abc","Attributes":{"name":"web"}},' +
      '"scope":"local","time":1795233641,"timeNano":1795233641123456000}\n',
  );
});

test("templates reach every field", () => {
  const format =
    "{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}} {{.Scope}} {{.Time}} {{.TimeNano}}";
  expect(eventText(format)(event)).toBe("container create abc web local 1795233641 1795233641123456000\n");
  expect(eventText('{{index .Actor.Attributes "none"}}|')(event)).toBe("|\n");
});

test("a wrong template is refused before anything happens", () => {
  expect(() => eventText("{{.Nothing}}")).toThrow("can't evaluate field Nothing");
  expect(() => eventText("{{")).toThrow("template parsing error");
});
