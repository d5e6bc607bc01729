import { fileSystemError } from "../archive/layer/file-system-error.ts";
import { impliedAttribute, incompleteAttribute } from "../archive/layer/implied-directories.ts";
import { type ByteString, toByteString } from "../sys/byte-string.ts";
import { AT_FDCWD, E, type FileSyscalls, fileSyscalls, O } from "../sys/file-syscalls.ts";
import { copyMetadata } from "./copy-metadata.ts";
import { isOpaque } from "./opaque.ts";

const directoryFlags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;

/** Whether a layer has directories that wait for what lower layers say of them. */
export function isIncomplete(layer: string): boolean {
  const fd = fileSyscalls.open(AT_FDCWD, toByteString(layer), O.RDONLY | O.DIRECTORY);
  if (fd < 0) return false;
  const has = typeof fileSyscalls.getAttribute(fd, toByteString(incompleteAttribute)) !== "number";
  fileSyscalls.close(fd);
  return has;
}

/**
 * Gives every implied directory of unpacked layers (open, lowest first) the owner, mode, attributes and time that it
 * has in the layers below, where it is there at all, and takes the marks away. Interrupted, it can be done again. A
 * layer that several images share is as the first of them says.
 */
export function completeLayers(calls: FileSyscalls, layers: readonly number[]): void {
  layers.forEach((layer, index) => {
    if (typeof calls.getAttribute(layer, toByteString(incompleteAttribute)) === "number") return;
    complete(calls, layer, layers.slice(0, index).toReversed(), []);
    removeMark(calls, layer, incompleteAttribute, []);
  });
}

/** `below` is the same directory in lower layers, highest first, as far down as it can be seen. */
function complete(
  calls: FileSyscalls,
  directory: number,
  below: readonly number[],
  path: readonly ByteString[],
): void {
  const lower = isOpaque(calls, directory) ? [] : below;
  const entries = calls.readDirectory(directory);
  if (typeof entries === "number") throw fileSystemError("list", path.join("/"), entries);
  for (const { name } of entries) {
    const child = calls.open(directory, name, directoryFlags);
    if (child === E.NOTDIR || child === E.LOOP) continue;
    check("open", [...path, name], child);
    const childrenBelow = openBelow(calls, lower, name);
    try {
      complete(calls, child, childrenBelow, [...path, name]);
    } finally {
      for (const fd of [child, ...childrenBelow]) calls.close(fd);
    }
  }
  if (typeof calls.getAttribute(directory, toByteString(impliedAttribute)) === "number") return;
  const [nearest] = below;
  if (nearest !== undefined) {
    const status = calls.status(nearest, "");
    if (typeof status === "number") throw fileSystemError("read the status of", path.join("/"), status);
    copyMetadata(calls, nearest, directory, status, path);
  }
  removeMark(calls, directory, impliedAttribute, path);
}

/** The directory `name` in each of `directories`, until something else of that name or an opaque directory hides the rest. */
function openBelow(calls: FileSyscalls, directories: readonly number[], name: ByteString): number[] {
  const found: number[] = [];
  for (const directory of directories) {
    const fd = calls.open(directory, name, directoryFlags);
    if (fd === E.NOENT) continue;
    if (fd === E.NOTDIR || fd === E.LOOP) break;
    if (fd < 0) {
      for (const opened of found) calls.close(opened);
      throw fileSystemError("open", name, fd);
    }
    found.push(fd);
    if (isOpaque(calls, fd)) break;
  }
  return found;
}

/** Another process that imports the same layers may have been first. */
function removeMark(calls: FileSyscalls, fd: number, mark: string, path: readonly ByteString[]): void {
  const result = calls.removeAttribute(fd, toByteString(mark));
  if (result !== E.NODATA) check("complete", path, result);
}

function check(what: string, path: readonly ByteString[], result: number): void {
  if (result < 0) throw fileSystemError(what, path.join("/"), result);
}
