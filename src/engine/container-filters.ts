import { BerthError, messageOf } from "../base/errors.ts";
import { parseContainerPorts, portKey } from "../oci/ports.ts";
import type { Digest } from "../oci/types.ts";
import type { ContainerRecord } from "../store/types.ts";
import type { ContainerOptions } from "./container-record.ts";
import { hasLabel, splitFilter } from "./filter-words.ts";
import { portSummaries } from "./network/container-ports.ts";

export interface FilterSurroundings {
  /** Whether an image is the one that a reference names, or has all of its layers and more. */
  descendants(reference: string): (imageId: Digest) => boolean;
  /** A container by id, name or prefix; throws `not-found`. */
  container(text: string): ContainerRecord;
  /** The names and ids of a container's networks. */
  networks(container: ContainerRecord): readonly string[];
}

type Predicate = (container: ContainerRecord) => boolean;

const statuses = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];

const healths = ["starting", "healthy", "unhealthy", "none"];

/**
 * `--filter key=value` of `ps`. Values of one key are alternatives, different keys must all hold; labels must all hold.
 */
export function containerFilter(filters: readonly string[], surroundings: FilterSurroundings): Predicate {
  const byKey = new Map<string, Predicate[]>();
  for (const filter of filters) {
    const [key, value] = splitFilter(filter);
    const predicate = predicateFor(key, value, surroundings);
    const group = key === "expose" ? "publish" : key; // either of the two, as in Docker
    byKey.set(group, [...(byKey.get(group) ?? []), predicate]);
  }
  return (container) =>
    [...byKey].every(([key, predicates]) =>
      key === "label"
        ? predicates.every((holds) => holds(container))
        : predicates.some((holds) => holds(container)),
    );
}

function predicateFor(key: string, value: string, surroundings: FilterSurroundings): Predicate {
  switch (key) {
    case "id":
      return ({ id }) => id.startsWith(value);
    case "name": {
      const pattern = nameMatcher(value);
      return ({ name }) => pattern(name);
    }
    case "label":
      return ({ labels }) => hasLabel(labels, value);
    case "status":
      if (!statuses.includes(value)) {
        throw new BerthError("invalid-argument", `invalid filter 'status=${value}'`, {
          hint: `a status is one of ${statuses.join(", ")}`,
        });
      }
      return ({ state }) => state.status === value;
    case "health":
      if (!healths.includes(value)) {
        throw new BerthError("invalid-argument", `invalid filter 'health=${value}'`, {
          hint: `a health is one of ${healths.join(", ")}`,
        });
      }
      return ({ state }) => (state.health?.status ?? "none") === value;
    case "exited": {
      const code = Number(value);
      if (!Number.isInteger(code))
        throw new BerthError("invalid-argument", `invalid filter 'exited=${value}'`);
      return ({ state }) => state.status === "exited" && state.exitCode === code;
    }
    case "ancestor": {
      const isDescendant = surroundings.descendants(value);
      return ({ imageId }) => isDescendant(imageId);
    }
    case "before": {
      const { createdAt } = surroundings.container(value);
      return (container) => container.createdAt < createdAt;
    }
    case "since": {
      const { createdAt } = surroundings.container(value);
      return (container) => container.createdAt > createdAt;
    }
    case "volume":
      return ({ options }) =>
        (options as ContainerOptions).mounts.some(
          (mount) =>
            mount.target === value ||
            (mount.kind === "volume" && mount.name === value) ||
            (mount.kind === "bind" && mount.source === value),
        );
    case "is-task":
      return isTrue(key, value) ? () => false : () => true;
    case "publish":
    case "expose": {
      const ports = new Set(filteredPorts(key, value));
      return (container) =>
        portSummaries(container).some(({ port, protocol, published }) =>
          key === "expose"
            ? ports.has(portKey({ port, protocol }))
            : published !== undefined && ports.has(portKey({ port: published.hostPort, protocol })),
        );
    }
    case "network":
      return (container) => surroundings.networks(container).includes(value);
    default:
      throw new BerthError("invalid-argument", `invalid filter '${key}'`);
  }
}

/** Berth has no services, whose containers Docker calls tasks. */
function isTrue(key: string, value: string): boolean {
  if (["1", "true"].includes(value.toLowerCase())) return true;
  if (["0", "false"].includes(value.toLowerCase())) return false;
  throw new BerthError("invalid-argument", `invalid filter '${key}=${value}'`);
}

/** `80`, `80/udp`, `8000-8010/tcp` (moby daemon/list.go, portOp). */
function filteredPorts(key: string, value: string): readonly string[] {
  if (value.includes(":")) {
    throw new BerthError("invalid-argument", `filter for '${key}' should not contain ':': ${value}`);
  }
  try {
    return parseContainerPorts(value).map(portKey);
  } catch (cause) {
    throw new BerthError(
      "invalid-argument",
      `error while looking up for ${key} ${value}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** An unanchored regular expression, for the name with and without its slash; without special characters a substring. */
function nameMatcher(value: string): (name: string) => boolean {
  if (/^[\w-]*$/.test(value)) return (name) => name.includes(value);
  let expression: RegExp;
  try {
    expression = new RegExp(value);
  } catch {
    throw new BerthError("invalid-argument", `invalid filter 'name=${value}'`);
  }
  return (name) => expression.test(name) || expression.test(`/${name}`);
}
