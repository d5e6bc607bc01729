import { posix } from "node:path";
import { type ByteString, toByteString } from "../../sys/byte-string.ts";

/** A path as `cp` understands it (moby/go-archive copy.go): absolute, cleaned as text, and what stood behind it. */
export interface CopyPath {
  readonly path: ByteString;
  /** `directory`: it ended in `/`. `content`: it ended in `/.`, or is the root; what is in the directory is meant. */
  readonly means: "anything" | "directory" | "content";
}

/** `base` is where a relative path begins. */
export function parseCopyPath(text: string, base: string): CopyPath {
  const path = posix.resolve(base, text);
  if (path === "/" || text === "." || text.endsWith("/."))
    return { path: toByteString(path), means: "content" };
  return { path: toByteString(path), means: text.endsWith("/") ? "directory" : "anything" };
}

/** The last name of a path. */
export function baseOf(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The directory that a path is in, with a slash behind. */
export function parentOf(path: ByteString): ByteString {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
