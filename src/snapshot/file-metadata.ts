import { S } from "../sys/kernel-numbers.ts";
import { fileSystemError } from "../archive/layer/file-system-error.ts";
import type { ExtendedAttribute } from "../archive/layer/layer-entry.ts";
import { isControlAttribute } from "../archive/layer/metadata-writer.ts";
import {
  overrideAttribute,
  parseOverride,
  parseWantedOwner,
  wantedOwnerAttribute,
} from "../archive/layer/owner-policy.ts";
import type { ByteString } from "../sys/byte-string.ts";
import type { FileStatus } from "../sys/file-status.ts";
import { E, type FileSyscalls, O } from "../sys/file-syscalls.ts";

/** What a file of a container or layer truly is, whatever it had to be stored as (owner-policy.ts). */
export interface FileMetadata {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  /** In the order of their names, without those that are the storage's own or the host's. */
  readonly attributes: readonly ExtendedAttribute[];
}

/** Labels and signatures of the host, and what no other system understands. */
const foreignAttributes = ["security.selinux", "security.ima", "security.evm", "system.nfs4_acl"];

/** Opens what can have attributes or content: a regular file or a directory, and never waits for a FIFO. */
export function openToRead(
  calls: FileSyscalls,
  directory: number,
  name: ByteString,
  path: ByteString,
): number {
  const fd = openIfThere(calls, directory, name, path);
  if (fd === undefined) throw fileSystemError("open", path, E.NOENT);
  return fd;
}

/** Undefined when it is gone, or has become something else, since somebody looked. */
export function openIfThere(
  calls: FileSyscalls,
  directory: number,
  name: ByteString,
  path: ByteString,
): number | undefined {
  const fd = calls.open(directory, name, O.RDONLY | O.NOFOLLOW | O.NONBLOCK | O.NOCTTY);
  if (fd === E.NOENT || fd === E.LOOP) return undefined;
  if (fd < 0) throw fileSystemError("open", path, fd);
  return fd;
}

/** Of an open regular file or directory. */
export function metadataOf(calls: FileSyscalls, fd: number, status: FileStatus): FileMetadata {
  const names = calls.listAttributes(fd);
  const attributes: ExtendedAttribute[] = [];
  for (const name of typeof names === "number" ? [] : names.sort()) {
    if (isControlAttribute(name) || foreignAttributes.includes(name)) continue;
    const value = calls.getAttribute(fd, name);
    if (typeof value !== "number") attributes.push({ name, value });
  }
  return { ...trueOwner(calls, fd, status, names), attributes };
}

/** Of what has no attributes: links, FIFOs, devices. */
export function plainMetadata({ uid, gid, mode }: FileStatus): FileMetadata {
  return { uid, gid, mode: mode & 0o7777, attributes: [] };
}

/** An override that the file has been changed under is no longer true. */
function trueOwner(
  calls: FileSyscalls,
  fd: number,
  status: FileStatus,
  names: readonly ByteString[] | number,
): Omit<FileMetadata, "attributes"> {
  const stored = { uid: status.uid, gid: status.gid, mode: status.mode & 0o7777 };
  const told = <T>(name: ByteString, parse: (text: string) => T | undefined): T | undefined => {
    if (typeof names === "number" || !names.includes(name)) return undefined;
    const value = calls.getAttribute(fd, name);
    return typeof value === "number" ? undefined : parse(value.toString("latin1"));
  };
  const override = told(overrideAttribute, parseOverride);
  const wanted = told(wantedOwnerAttribute, parseWantedOwner);
  const isDirectory = (status.mode & S.IFMT) === S.IFDIR;
  return {
    uid: stored.uid === 0 ? (wanted?.uid ?? override?.uid ?? 0) : stored.uid,
    gid: stored.gid === 0 ? (wanted?.gid ?? override?.gid ?? 0) : stored.gid,
    mode: override && isDirectory && (override.mode | 0o700) === stored.mode ? override.mode : stored.mode,
  };
}

/**
 * Whether somebody gave this file to root who, with one id, cannot have seen any other owner: a new file is root's already,
 * so that it was meant to get the owner of the one that it replaces (useradd, sed -i).
 */
export function isGivenToRoot(calls: FileSyscalls, fd: number): boolean {
  const wanted = calls.getAttribute(fd, wantedOwnerAttribute);
  if (typeof wanted === "number" || wanted.toString("latin1") !== "0:0") return false;
  return typeof calls.getAttribute(fd, overrideAttribute) === "number"; // otherwise it was there before
}

export function sameMetadata(a: FileMetadata, b: FileMetadata): boolean {
  return (
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mode === b.mode &&
    a.attributes.length === b.attributes.length &&
    a.attributes.every(({ name, value }, index) => {
      const other = b.attributes[index]!;
      return name === other.name && value.equals(other.value);
    })
  );
}
