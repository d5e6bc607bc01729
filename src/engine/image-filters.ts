import { BerthError } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";
import { findImage } from "./find-image.ts";
import type { FamiliarDigest, FamiliarNames, FamiliarTag } from "./image-names.ts";
import { pathMatcher } from "../base/path-match.ts";
import { parseMoment } from "./parse-moment.ts";

/** What `images --filter` asks for, ready to be asked of each image. */
export interface ImageFilter {
  accepts(image: ImageRecord, names: FamiliarNames): boolean;
  /** Whether a name is listed; with `reference` filters only those that match are. */
  lists(name: FamiliarTag | FamiliarDigest): boolean;
}

/** When the image was made, in milliseconds; images that do not say are the oldest. */
export function creationTime(image: ImageRecord): number {
  return image.config.created === undefined ? Number.NEGATIVE_INFINITY : Date.parse(image.config.created);
}

function parseBoolean(key: string, value: string): boolean {
  if (["1", "true", "t", "T", "True", "TRUE"].includes(value)) return true;
  if (["0", "false", "f", "F", "False", "FALSE"].includes(value)) return false;
  throw new BerthError("invalid-argument", `invalid filter '${key}=[${value}]'`);
}

/**
 * Parses `key=value` filters with Docker's meaning: values of one key are alternatives (labels must all be there), keys
 * must all hold. `reference` is what the user typed behind `images`. Throws `invalid-argument` (`invalid filter 'x'`)
 * and `not-found` for the image of `before` and `since`.
 */
export function parseImageFilters(
  store: Store,
  filters: readonly string[],
  reference: string | undefined,
  now = Date.now(),
): ImageFilter {
  const checks: ((image: ImageRecord, names: FamiliarNames) => boolean)[] = [];
  const patterns: ((text: string) => boolean)[] = [];
  if (reference !== undefined) patterns.push(pathMatcher(reference));
  for (const filter of filters) {
    const separator = filter.indexOf("=");
    const key = (separator === -1 ? filter : filter.slice(0, separator)).trim().toLowerCase();
    const value = separator === -1 ? "" : filter.slice(separator + 1).trim();
    if (separator === -1) {
      throw new BerthError("invalid-argument", `invalid filter '${filter}'`, {
        hint: "filters have the form name=value",
      });
    }
    switch (key) {
      case "dangling": {
        const wanted = parseBoolean(key, value);
        checks.push((_, { tags }) => (tags.length === 0) === wanted);
        break;
      }
      case "label": {
        const [label = "", ...rest] = value.split("=");
        const text = rest.length === 0 ? undefined : rest.join("=");
        checks.push(({ config }) => {
          const found = new Map(Object.entries(config.config?.Labels ?? {})).get(label);
          return found !== undefined && (text === undefined || found === text);
        });
        break;
      }
      case "before": {
        const limit = creationTime(findImage(store, value));
        checks.push((image) => creationTime(image) < limit);
        break;
      }
      case "since": {
        const limit = creationTime(findImage(store, value));
        checks.push((image) => creationTime(image) > limit);
        break;
      }
      case "until": {
        const limit = parseMoment(value, now);
        checks.push((image) => creationTime(image) < limit);
        break;
      }
      case "reference":
        patterns.push(pathMatcher(value));
        break;
      default:
        throw new BerthError("invalid-argument", `invalid filter '${key}'`, {
          hint: "filters are dangling, label, before, since, until and reference",
        });
    }
  }
  const lists = ({ name, repository }: FamiliarTag | FamiliarDigest) =>
    patterns.length === 0 || patterns.some((matches) => matches(name) || matches(repository));
  if (patterns.length > 0) checks.push((_, { tags, digests }) => [...tags, ...digests].some(lists));
  return { lists, accepts: (image, names) => checks.every((check) => check(image, names)) };
}
