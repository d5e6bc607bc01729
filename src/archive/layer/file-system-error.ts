import { BerthError, type ErrorCode } from "../../base/errors.ts";
import { type ByteString, displayName } from "../../sys/byte-string.ts";
import { E } from "../../sys/file-syscalls.ts";
import { SystemCallError } from "../../sys/system-call-error.ts";

const codes = new Map<number, ErrorCode>([
  [E.NOSPC, "no-space"],
  [E.DQUOT, "no-space"],
  [E.ROFS, "read-only"],
  [E.PERM, "denied"],
  [E.ACCES, "denied"],
  [E.NAMETOOLONG, "invalid-image"],
  [E.INVAL, "invalid-image"],
]);

/** NFS, Lustre and most FUSE file systems know nothing of what the user may do in a user namespace. */
const foreignOwners =
  "the data directory has to be where files can belong to your subordinate ids: set BERTH_ROOT to a local disk";

function hintFor(result: number): { readonly hint?: string } {
  if (codes.get(result) === "no-space")
    return { hint: "free disk space, for example with berth rmi, and try again" };
  return result === E.PERM ? { hint: foreignOwners } : {};
}

/** What the kernel answered (`result`, a negative errno) when berth tried to `what` the entry `name`. */
export function fileSystemError(what: string, name: ByteString, result: number): BerthError {
  const cause = new SystemCallError(what, -result);
  const code = codes.get(result) ?? "internal";
  return new BerthError(code, `cannot ${what} "${displayName(name)}": ${cause.meaning}`, {
    cause,
    ...hintFor(result),
  });
}
