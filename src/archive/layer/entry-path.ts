import type { ByteString } from "../../sys/byte-string.ts";
import { invalidEntry } from "./invalid-layer.ts";

/** The parts of a path below the root, without empty parts, `.` and `..`; none for the root itself. */
export type PathParts = readonly ByteString[];

/**
 * The parts of a name in an archive, absolute or not, cleaned as text like Docker does. A `..` that would leave the
 * root is refused. `of` is the entry for the message when `path` is a link target.
 */
export function splitEntryPath(path: ByteString, of: ByteString = path): PathParts {
  const parts: ByteString[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined)
      throw invalidEntry(
        of,
        path === of ? "its name leads out of the root" : "its target leads out of the root",
      );
  }
  return parts;
}

/** What a name means in a layer (OCI image layer specification, "Whiteouts"). */
export type EntryMeaning =
  | { readonly kind: "entry" }
  /** The lower layers' `name` beside it is gone. */
  | { readonly kind: "whiteout"; readonly name: ByteString }
  /** Nothing of the lower layers shows in the directory that it is in. */
  | { readonly kind: "opaque" }
  /** AUFS' own files (`.wh..wh.plnk`, `.wh..wh.orph`, `.wh..wh.aufs`), never content. */
  | { readonly kind: "aufs" };

const prefix = ".wh.";
const metadataPrefix = ".wh..wh.";

/**
 * Judges an entry's name. Whiteouts of nothing, `.` and `..` are refused (umoci deleted the parent of the root for
 * `.wh...`), and so is a directory that is named like a whiteout, which fuse-overlayfs would take for one.
 */
export function meaningOf(parts: PathParts, name: ByteString): EntryMeaning {
  for (const [index, part] of parts.entries()) {
    if (!part.startsWith(prefix)) continue;
    const last = index === parts.length - 1;
    if (last && part === ".wh..wh..opq") return { kind: "opaque" };
    if (part.startsWith(metadataPrefix)) return { kind: "aufs" };
    if (!last) throw invalidEntry(name, "a directory on its path is named like a whiteout");
    const hidden = part.slice(prefix.length);
    if (hidden === "" || hidden === "." || hidden === "..") throw invalidEntry(name, "a whiteout of no name");
    return { kind: "whiteout", name: hidden };
  }
  return { kind: "entry" };
}
