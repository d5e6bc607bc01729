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

/** What the kernel answered (`result`, a negative errno) when berth tried to `what` the entry `name`. */
export function fileSystemError(what: string, name: ByteString, result: number): BerthError {
  const cause = new SystemCallError(what, -result);
  const code = codes.get(result) ?? "internal";
  return new BerthError(code, `cannot ${what} "${displayName(name)}": ${cause.meaning}`, {
    cause,
    ...(code === "no-space" ? { hint: "free disk space, for example with berth rmi, and try again" } : {}),
  });
}
