import type { RecordedEvent } from "../../engine/events.ts";
import { escapeControl } from "../output/escape-control.ts";
import { parseTemplate } from "../output/template/template.ts";
import { GoMap, GoStruct } from "../output/template/values.ts";
import { goRfc3339 } from "./go-time.ts";

/** One line for an event. */
export type EventText = (event: RecordedEvent) => string;

/**
 * How `events` prints: Docker's line, or what a template makes of Docker's fields. Throws a template error at once
 * where the template cannot be parsed or asks for a field that there is not (docker/cli system/events.go).
 */
export function eventText(format: string): EventText {
  if (format === "") return eventLine;
  const template = parseTemplate(format === "json" ? "{{json .}}" : format);
  const text: EventText = (event) => `${template.execute(eventFields(event), { missing: "error" })}\n`;
  text({ time: "1970-01-01T00:00:00.000000000Z", type: "container", action: "", id: "", attributes: {} });
  return text;
}

/** `2026-01-02T15:04:05.000000000+01:00 container create <id> (image=x, name=y)` */
function eventLine({ time, type, action, id, attributes }: RecordedEvent): string {
  const local = goRfc3339(new Date(time));
  const seconds = "2026-01-02T15:04:05".length;
  const stamp = `${local.slice(0, seconds)}${time.slice(seconds, -1)}${local.slice(seconds)}`;
  const pairs = Object.entries(attributes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const details = pairs.length === 0 ? "" : ` (${pairs.join(", ")})`;
  return `${escapeControl(`${stamp} ${type} ${action} ${id}${details}`)}\n`;
}

/** moby api/types/events `Message`. */
function eventFields({ time, type, action, id, attributes }: RecordedEvent): GoStruct {
  const milliseconds = Date.parse(time);
  const seconds = Math.floor(milliseconds / 1000);
  const fields = {
    Type: type,
    Action: action,
    Actor: new GoStruct("events.Actor", {
      ID: id,
      Attributes: new GoMap("map[string]string", attributes, ""),
    }),
    scope: "local",
    time: seconds,
    timeNano: seconds * 1e9 + Number(time.slice("2026-01-02T15:04:05.".length, -1)),
  };
  return new GoStruct("*events.Message", fields, { Scope: "scope", Time: "time", TimeNano: "timeNano" });
}
