import { O } from "../sys/kernel-numbers.ts";
import { overrideAttribute, parseOverride } from "../archive/layer/owner-policy.ts";
import { attributeOf, close, statusOf } from "../sys/files.ts";
import { AT_FDCWD, openAt } from "../sys/libc.ts";

/**
 * The permission bits that the root of an image has by its topmost layer; 0755 where they cannot be read. The layer's
 * directory itself always has `u+rwx`, so that it can be renamed and removed; an attribute holds the truth.
 */
export function rootModeOf(layer: string): number {
  let fd: number | undefined;
  try {
    fd = openAt(AT_FDCWD, layer, O.RDONLY | O.DIRECTORY);
    const value = attributeOf(fd, overrideAttribute);
    const overridden = value === undefined ? undefined : parseOverride(value);
    return overridden?.mode ?? statusOf(fd).mode & 0o7777;
  } catch {
    return 0o755;
  } finally {
    if (fd !== undefined) close(fd);
  }
}
