import { BerthError } from "../base/errors.ts";
import { familiarName, parseReference } from "../oci/reference.ts";
import { groupFilters, hasLabel } from "./filter-words.ts";
import type { EngineEvent } from "./events.ts";

type Predicate = (event: EngineEvent) => boolean;

/** These actions go on after a colon: `exec_start: ls`. */
const openActions = ["exec_create", "exec_start", "health_status"];

/** Whether `wanted` begins the event's id or name: names of things of one kind, as Docker takes them. */
const named =
  (wanted: readonly string[]): Predicate =>
  ({ id, attributes }) =>
    wanted.some((text) => id.startsWith(text) || (attributes.name ?? "").startsWith(text));

const predicates: Readonly<Record<string, (wanted: readonly string[]) => Predicate>> = {
  config: named,
  container: named,
  daemon: named,
  event: (wanted) => {
    const isOpen = wanted.some((text) => openActions.includes(text));
    return ({ action }) => wanted.some((text) => (isOpen ? action.startsWith(text) : action === text));
  },
  image:
    (wanted) =>
    ({ type, id, attributes }) => {
      const name = (type === "image" ? attributes.name : attributes.image) ?? "";
      return [id, name, withoutTag(id), withoutTag(name)].some((text) => wanted.includes(text));
    },
  label:
    (wanted) =>
    ({ attributes }) =>
      wanted.every((label) => hasLabel(attributes, label)),
  network: named,
  node: named,
  plugin: named,
  scope: (wanted) => () => wanted.includes("local"),
  secret: named,
  service: named,
  type:
    (wanted) =>
    ({ type }) =>
      wanted.includes(type),
  volume: named,
};

/**
 * `--filter key=value` of `events` (moby daemon/events/filter.go). Values of one key are alternatives, different keys
 * must all hold; labels must all hold.
 */
export function eventFilter(filters: readonly string[]): Predicate {
  const all = [...groupFilters(filters)].map(([key, wanted]) => {
    if (!Object.hasOwn(predicates, key)) {
      throw new BerthError("invalid-argument", `invalid filter '${key}'`, {
        hint: `events can be filtered by ${Object.keys(predicates).join(", ")}`,
      });
    }
    return predicates[key]!(wanted);
  });
  return (event) => all.every((holds) => holds(event));
}

function withoutTag(text: string): string {
  try {
    return familiarName(parseReference(text));
  } catch {
    return text; // an id, or nothing
  }
}
