import { BerthError } from "../base/errors.ts";

/** The smallest string above every string that starts with `prefix`, for range queries on hex ids. */
export function prefixEnd(prefix: string): string {
  return `${prefix}g`; // g is the first letter above the hex digits
}

/** Docker's error for an id prefix that names more than one object. */
export function ambiguousPrefix(prefix: string): BerthError {
  return new BerthError("conflict", `multiple IDs found with provided prefix: ${prefix}`, {
    hint: "give more digits of the id, or a name",
  });
}
