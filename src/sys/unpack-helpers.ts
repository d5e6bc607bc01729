import { O } from "./kernel-numbers.ts";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import { dirname } from "../base/posix-path.ts";
import { changeModeAt, makeDirectories, makeDirectory, namesIn, rename } from "./directory-entries.ts";
import { close, isDirectory, open, statusIfThere, sync, writeAll } from "./files.ts";
import { decodeHelperBundle } from "./helper-bundle.ts";
import { changeMode } from "./libc.ts";
import { identifyProcess } from "./process-identity.ts";

const unfinished = /^\.unpacking-([0-9a-f]+)-(\d+)-(\d+)$/;

/** A leftover of another boot, or of another machine that shares the home directory, is left alone for this long. */
const foreignLeftoverAge = 3_600_000;

/**
 * Makes `path` a directory that only its owner, this user, can enter. A directory in /tmp may have been made by
 * somebody else to wait for us: that is refused.
 */
export function ensurePrivateDirectory(path: string): void {
  try {
    makeDirectories(path, 0o700);
  } catch (error) {
    // Something else has the name, perhaps a link to nothing: what it is follows.
    if (statusIfThere(path, { followLink: false }) === undefined) throw error;
  }
  const status = statusIfThere(path, { followLink: false });
  if (!status || !isDirectory(status) || status.uid !== process.getuid!() || (status.mode & 0o077) !== 0) {
    throw new BerthError("denied", `${path} is not a directory that belongs to this user alone`, {
      hint: `remove it, or chmod 0700 it if it is yours`,
    });
  }
}

function syncDirectory(path: string): void {
  const descriptor = open(path, O.RDONLY);
  try {
    sync(descriptor);
  } finally {
    close(descriptor);
  }
}

function writeProgram(path: string, content: Uint8Array): void {
  const descriptor = open(path, O.WRONLY | O.CREAT | O.EXCL, 0o755);
  try {
    writeAll(descriptor, content);
    changeMode(descriptor, 0o755); // whatever the umask: a container's user starts catatonit through a bind mount
    sync(descriptor);
  } finally {
    close(descriptor);
  }
}

function removeTree(path: string): void {
  process.getBuiltinModule("node:fs").rmSync(path, { recursive: true, force: true });
}

/** Removes what killed processes left in `directory`. */
function sweep(directory: string, bootId: string): void {
  for (const name of namesIn(directory)) {
    const [, boot, pid, startTime] = unfinished.exec(name) ?? [];
    if (boot === undefined) continue;
    const path = `${directory}/${name}`;
    const status = statusIfThere(path);
    if (status === undefined) continue;
    const dead =
      boot === bootId
        ? identifyProcess(Number(pid))?.startTime !== Number(startTime)
        : Date.now() - Number(status.modifiedSeconds) * 1000 > foreignLeftoverAge;
    if (dead) removeTree(path);
  }
}

/**
 * Unpacks a bundle to the directory `target`, which appears complete or not at all: written under another name in
 * the same directory, synced, tried out (a file system may be mounted noexec), renamed. Several at once are fine.
 * Throws what the system calls throw (EROFS, EACCES, ENOSPC …).
 */
export function unpackHelpers(bundle: Uint8Array, target: string): void {
  const parent = dirname(target);
  makeDirectories(parent, 0o700);
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error("/proc is not mounted");
  const boot = self.bootId.replaceAll("-", "");
  sweep(parent, boot);
  const temporary = `${parent}/.unpacking-${boot}-${self.pid}-${self.startTime}`;
  removeTree(temporary);
  makeDirectory(temporary, 0o755);
  try {
    changeModeAt(temporary, 0o755);
    for (const { name, content } of decodeHelperBundle(bundle)) writeProgram(`${temporary}/${name}`, content);
    syncDirectory(temporary);
    Bun.spawnSync([`${temporary}/busybox`, "true"]); // throws EACCES where execution is forbidden
    rename(temporary, target);
    syncDirectory(parent);
  } catch (error) {
    removeTree(temporary);
    const code = systemErrorCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST") return; // another process was first
    throw error;
  }
}
