import {
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { BerthError, messageOf, systemErrorCode } from "../../base/errors.ts";
import { randomHex } from "../../sys/random-hex.ts";

/** A file that is being written. Disposing of it before `commit` leaves what was there before. */
export interface OutputFile extends Disposable {
  write(bytes: Uint8Array): void;
  /** Everything was written: the file gets its name. */
  commit(): void;
}

/**
 * Opens the file that a command's `-o` names. A regular file appears under its name only when it is whole, with mode 0600, as
 * Docker writes it; a device or fifo is written to as it is. Throws `not-found`, `denied`, `no-space`, `invalid-argument`.
 */
export function openOutputFile(path: string): OutputFile {
  const status = attempt(path, () => statSync(path, { throwIfNoEntry: false }));
  if (status?.isDirectory())
    throw new BerthError("invalid-argument", `invalid output path: ${path} is a directory`);
  if (status !== undefined && !status.isFile()) return openSpecial(path);
  const target = status === undefined ? path : attempt(path, () => realpathSync(path));
  const directory = dirname(target);
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new BerthError(
      "not-found",
      `invalid output path: directory ${JSON.stringify(directory)} does not exist`,
    );
  const temporary = join(directory, `.${basename(target)}.${randomHex(8)}`);
  const fd = attempt(path, () => openSync(temporary, "wx", 0o600));
  let open = true;
  const close = () => {
    if (open) closeSync(fd);
    open = false;
  };
  return {
    write: (bytes) => attempt(path, () => writeWhole(fd, bytes)),
    commit() {
      attempt(path, () => {
        fsyncSync(fd);
        close();
        renameSync(temporary, target);
      });
    },
    [Symbol.dispose]() {
      close();
      rmSync(temporary, { force: true }); // gone after a commit
    },
  };
}

function openSpecial(path: string): OutputFile {
  const fd = attempt(path, () => openSync(path, "w"));
  return {
    write: (bytes) => attempt(path, () => writeWhole(fd, bytes)),
    commit() {},
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = systemErrorCode(error);
    const reason = code === "ENOSPC" || code === "EDQUOT" ? "no-space" : "denied";
    throw new BerthError(reason, `cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}
