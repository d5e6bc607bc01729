import { fileSystemError } from "../archive/layer/file-system-error.ts";
import { isControlAttribute } from "../archive/layer/metadata-writer.ts";
import { overrideAttribute } from "../archive/layer/owner-policy.ts";
import type { ByteString } from "../sys/byte-string.ts";
import type { FileStatus } from "../sys/file-status.ts";
import { E, type FileSyscalls } from "../sys/file-syscalls.ts";

/**
 * Gives the open file `to` the owner, mode, extended attributes and time of the open file `from`, whose status is
 * known. `path` is for messages.
 */
export function copyMetadata(
  calls: FileSyscalls,
  from: number,
  to: number,
  status: FileStatus,
  path: readonly ByteString[],
): void {
  const check = (what: string, result: number) => {
    if (result < 0) throw fileSystemError(what, path.join("/"), result);
  };
  check("change the owner of", calls.changeOwner(to, status.uid, status.gid));
  check("change the mode of", calls.changeMode(to, status.mode & 0o7777));
  const names = calls.listAttributes(from);
  for (const name of typeof names === "number" ? [] : names) {
    if (isControlAttribute(name) && name !== overrideAttribute) continue;
    const value = calls.getAttribute(from, name);
    if (typeof value === "number") continue;
    const result = calls.setAttribute(to, name, value);
    if (result !== E.OPNOTSUPP && result !== E.PERM) check("set an attribute of", result);
  }
  check("date", calls.setModified(to, status.modifiedSeconds, status.modifiedNanoseconds));
}
