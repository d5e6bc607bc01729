/**
 * The `internal-owners` role: with one id chown(2) has nobody to give a file to, but an image has owners. The filter of the
 * container hands such calls over (sys/seccomp-listener.ts), and this process, root of the container's user namespace and
 * outside of all its others, finds the file as the caller would and notes the owner in an extended attribute of it, which
 * goes where the file goes. Whoever makes a layer of the tree reads it (snapshot/file-metadata.ts). Links and nodes have no
 * attributes: nothing is noted for them.
 */
import { S } from "../../sys/kernel-numbers.ts";
import { readSync } from "node:fs";
import {
  formatWantedOwner,
  parseWantedOwner,
  type WantedOwner,
  wantedOwnerAttribute,
} from "../../archive/layer/owner-policy.ts";
import { BerthError } from "../../base/errors.ts";
import { toByteString } from "../../sys/byte-string.ts";
import { AT_FDCWD, E, fileSyscalls as calls, O } from "../../sys/file-syscalls.ts";
import { SeccompListener, type WaitingCall } from "../../sys/seccomp-listener.ts";
import { channelDescriptor } from "../protocol.ts";
import { type ChownCall, chownCallOf } from "./chown-call.ts";

const pathLimit = 4096;
const pageSize = 4096;

/** Ends when no process of the container is left. */
export async function ownerRecorderMain(): Promise<number> {
  const listener = new SeccompListener(channelDescriptor);
  const recorder = new OwnerRecorder(listener);
  for (let call = listener.next(); call !== undefined; call = listener.next())
    listener.answer(call, recorder.record(call));
  return 0;
}

class OwnerRecorder {
  readonly #listener: SeccompListener;
  /** The host's, which cannot be had by name any more once the container's root is ours. */
  readonly #proc: number;

  constructor(listener: SeccompListener) {
    this.#listener = listener;
    this.#proc = calls.open(AT_FDCWD, "/proc", O.PATH | O.DIRECTORY);
    if (this.#proc < 0) throw new BerthError("internal", "there is no /proc");
  }

  /** What the call answers: 0 or a negative errno. */
  record(call: WaitingCall): number {
    const chown = chownCallOf(call);
    if (chown === undefined) return E.NOSYS;
    const fd = this.#open(call, chown);
    if (fd < 0) return fd;
    try {
      return this.#note(fd, chown);
    } finally {
      calls.close(fd);
    }
  }

  #note(handle: number, { uid, gid }: ChownCall): number {
    const status = calls.status(handle, "");
    if (typeof status === "number") return status;
    const type = status.mode & S.IFMT;
    if (type !== S.IFREG && type !== S.IFDIR) return 0;
    const fd = calls.open(this.#proc, `self/fd/${handle}`, O.RDONLY | O.NONBLOCK | O.NOCTTY);
    if (fd < 0) return fd;
    try {
      const attribute = toByteString(wantedOwnerAttribute);
      const value = calls.getAttribute(fd, attribute);
      const before: WantedOwner | undefined =
        typeof value === "number" ? undefined : parseWantedOwner(value.toString("latin1"));
      const owner = formatWantedOwner({ uid: uid ?? before?.uid, gid: gid ?? before?.gid });
      if (owner !== (typeof value === "number" ? "" : value.toString("latin1"))) {
        const result = calls.setAttribute(fd, attribute, Buffer.from(owner));
        if (result < 0) return result === E.OPNOTSUPP ? 0 : result;
      }
      // As chown(2) does: what somebody else made set-user-id is not the new owner's word.
      const special = status.mode & (S.ISUID | (status.mode & S.IXGRP ? S.ISGID : 0));
      return type === S.IFREG && special !== 0 ? calls.changeMode(fd, status.mode & 0o7777 & ~special) : 0;
    } finally {
      calls.close(fd);
    }
  }

  /** A handle (O_PATH) on what the call names, found as its process would find it, or a negative errno. */
  #open(call: WaitingCall, { target }: ChownCall): number {
    const process = (name: string, flags = 0) =>
      calls.open(this.#proc, `${call.pid}/${name}`, O.PATH | flags);
    if (target.kind === "descriptor") return this.#valid(call, process(`fd/${target.fd}`), E.BADF);
    const { directory, follow, mayBeEmpty } = target;
    const path = this.#pathAt(call, target.address);
    if (typeof path === "number") return path;
    const base = directory === undefined ? "cwd" : `fd/${directory}`;
    if (path === "") return mayBeEmpty ? this.#valid(call, process(base), E.BADF) : E.NOENT;
    if (path.startsWith("/")) return this.#openFrom(call, AT_FDCWD, path, follow);
    const from = process(base, O.DIRECTORY);
    if (from < 0) return from === E.NOENT ? E.BADF : from;
    try {
      return this.#openFrom(call, from, path, follow);
    } finally {
      calls.close(from);
    }
  }

  /** What a path names in the caller's root; the one check covers `start` as well, which must be open before. */
  #openFrom(call: WaitingCall, start: number, path: string, follow: boolean): number {
    const opened = calls.open(this.#proc, `${call.pid}/root`, O.PATH | O.DIRECTORY);
    const root = this.#valid(call, opened, E.SRCH);
    if (root < 0) return root;
    try {
      const entered = calls.changeRoot(root);
      if (entered < 0) return entered;
      const link = calls.open(start, path, O.PATH | O.NOFOLLOW);
      if (link < 0 || !follow) return link;
      const file = calls.open(start, path, O.PATH);
      // A link to nothing that we can see, as those through /proc/self are (/dev/stdout): nothing can be noted there.
      if (file === E.NOENT) return link;
      calls.close(link);
      return file;
    } finally {
      calls.close(root);
    }
  }

  /** Only now it is certain that what was opened was the caller's. */
  #valid(call: WaitingCall, fd: number, missing: number): number {
    if (fd < 0) return fd === E.NOENT ? missing : fd;
    if (this.#listener.waits(call)) return fd;
    calls.close(fd);
    return E.SRCH;
  }

  /** The C string at an address in the caller's memory. */
  #pathAt(call: WaitingCall, address: bigint): string | number {
    const memory = calls.open(this.#proc, `${call.pid}/mem`, O.RDONLY);
    if (memory < 0) return memory;
    if (!this.#listener.waits(call)) {
      calls.close(memory);
      return E.SRCH;
    }
    const bytes = Buffer.alloc(pathLimit);
    try {
      for (let length = 0; length < pathLimit; ) {
        const at = address + BigInt(length);
        const room = Math.min(pageSize - Number(at % BigInt(pageSize)), pathLimit - length);
        const count = readSync(memory, bytes, length, room, at);
        const end = bytes.subarray(0, length + count).indexOf(0);
        if (end !== -1) return bytes.toString("latin1", 0, end);
        if (count === 0) return E.FAULT;
        length += count;
      }
      return E.NAMETOOLONG;
    } catch {
      return E.FAULT;
    } finally {
      calls.close(memory);
    }
  }
}
