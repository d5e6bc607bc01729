import { BerthError } from "../base/errors.ts";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/types.ts";

/** The registry that does not exist: names in it are given by berth alone. */
export const builtinDomain = "builtin.berth";

/** Whether the reference names an image that comes with berth. */
export function isBuiltinReference(reference: Reference): boolean {
  return (
    reference.domain === builtinDomain && formatReference(reference) === `${builtinDomain}/busybox:latest`
  );
}

/** Refuses names that would pretend to be part of berth (`denied`). */
export function refuseReservedName(reference: Reference): void {
  if (reference.domain !== builtinDomain) return;
  throw new BerthError(
    "denied",
    `${formatReference(reference)}: the names of ${builtinDomain} are reserved`,
    {
      hint: `${builtinDomain}/busybox:latest is the only image there, and it comes with berth`,
    },
  );
}
