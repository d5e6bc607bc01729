import { overrideAttribute, parseOverride } from "../archive/layer/owner-policy.ts";
import { toByteString } from "../sys/byte-string.ts";
import { AT_FDCWD, fileSyscalls as calls, O } from "../sys/file-syscalls.ts";

/**
 * The permission bits that the root of an image has by its topmost layer; 0755 where they cannot be read. The layer's
 * directory itself always has `u+rwx`, so that it can be renamed and removed; an attribute holds the truth.
 */
export function rootModeOf(layer: string): number {
  const fd = calls.open(AT_FDCWD, toByteString(layer), O.RDONLY | O.DIRECTORY);
  if (fd < 0) return 0o755;
  try {
    const value = calls.getAttribute(fd, overrideAttribute);
    const overridden = typeof value === "number" ? undefined : parseOverride(value.toString("latin1"))?.mode;
    if (overridden !== undefined) return overridden;
    const status = calls.status(fd, "");
    return typeof status === "number" ? 0o755 : status.mode & 0o7777;
  } finally {
    calls.close(fd);
  }
}
