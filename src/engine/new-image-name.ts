import { BerthError } from "../base/errors.ts";
import { parseReference, withDefaultTag } from "../oci/reference.ts";
import type { Reference } from "../oci/types.ts";
import { refuseReservedName } from "./reserved-names.ts";

/** The name, with a tag, that an image is to get, from `REPOSITORY[:TAG]` as typed. Throws `invalid-reference`, `denied`. */
export function newImageName(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest !== undefined)
    throw new BerthError("invalid-reference", "refusing to create a tag with a digest reference");
  if (reference.path === "library/sha256") {
    throw new BerthError(
      "invalid-reference",
      "refusing to create an ambiguous tag using digest algorithm as name",
    );
  }
  refuseReservedName(reference);
  return withDefaultTag(reference);
}
