import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import { decodeHelperBundle } from "./helper-bundle.ts";
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
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    // Something else has the name, perhaps a link to nothing: what it is follows.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) throw error;
  }
  const status = lstatSync(path);
  if (!status.isDirectory() || status.uid !== process.getuid!() || (status.mode & 0o077) !== 0) {
    throw new BerthError("denied", `${path} is not a directory that belongs to this user alone`, {
      hint: `remove it, or chmod 0700 it if it is yours`,
    });
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeProgram(path: string, content: Uint8Array): void {
  const descriptor = openSync(path, "wx", 0o755);
  try {
    for (let offset = 0; offset < content.length; ) offset += writeSync(descriptor, content, offset);
    fchmodSync(descriptor, 0o755); // whatever the umask: a container's user starts catatonit through a bind mount
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes what killed processes left in `directory`. */
function sweep(directory: string, bootId: string): void {
  for (const name of readdirSync(directory)) {
    const [, boot, pid, startTime] = unfinished.exec(name) ?? [];
    if (boot === undefined) continue;
    const path = join(directory, name);
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) continue;
    const dead =
      boot === bootId
        ? identifyProcess(Number(pid))?.startTime !== Number(startTime)
        : Date.now() - status.mtimeMs > foreignLeftoverAge;
    if (dead) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * Unpacks a bundle to the directory `target`, which appears complete or not at all: written under another name in
 * the same directory, synced, tried out (a file system may be mounted noexec), renamed. Several at once are fine.
 * Throws what the system calls throw (EROFS, EACCES, ENOSPC …).
 */
export function unpackHelpers(bundle: Uint8Array, target: string): void {
  const parent = dirname(target);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error("/proc is not mounted");
  const boot = self.bootId.replaceAll("-", "");
  sweep(parent, boot);
  const temporary = join(parent, `.unpacking-${boot}-${self.pid}-${self.startTime}`);
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { mode: 0o755 });
  try {
    chmodSync(temporary, 0o755);
    for (const { name, content } of decodeHelperBundle(bundle)) writeProgram(join(temporary, name), content);
    syncDirectory(temporary);
    Bun.spawnSync([join(temporary, "busybox"), "true"]); // throws EACCES where execution is forbidden
    renameSync(temporary, target);
    syncDirectory(parent);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    const code = systemErrorCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST") return; // another process was first
    throw error;
  }
}
