import type { FileSyscalls } from "../sys/file-syscalls.ts";

/** Whether an open directory of a layer hides what lower layers have in it. */
export function isOpaque(calls: FileSyscalls, directory: number): boolean {
  const value = calls.getAttribute(directory, "user.overlay.opaque");
  return typeof value !== "number" && value.toString("latin1") === "y";
}
