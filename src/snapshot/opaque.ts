import type { FileSyscalls } from "../sys/file-syscalls.ts";

/** The mark of kernel overlay with `userxattr` and of our own layers, and fuse-overlayfs' own. */
const attributes = ["user.overlay.opaque", "user.fuseoverlayfs.opaque"];

/** Whether an open directory of a layer hides what lower layers have in it. */
export function isOpaque(calls: FileSyscalls, directory: number): boolean {
  return attributes.some((name) => {
    const value = calls.getAttribute(directory, name);
    return typeof value !== "number" && value.toString("latin1") === "y";
  });
}
