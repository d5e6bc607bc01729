import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";

/** Turns what SQLite or the file system threw while touching `path` into a BerthError; others pass unchanged. */
export function storeErrorOf(error: unknown, path: string): unknown {
  if (error instanceof BerthError) return error;
  const code = systemErrorCode(error) ?? "";
  const cause = { cause: error };
  if (code === "SQLITE_FULL" || code === "ENOSPC" || code === "EDQUOT" || code === "SQLITE_IOERR_SHMSIZE") {
    return new BerthError("no-space", `no space left on the disk of ${path}`, {
      hint: "free some space, for example with `berth rmi`; a quota or `ulimit -f` ends it, too",
      ...cause,
    });
  }
  if (code.startsWith("SQLITE_READONLY") || code === "EROFS") {
    return new BerthError("read-only", `cannot write ${path}: it is read-only`, cause);
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new BerthError("conflict", `another berth keeps ${path} busy`, {
      hint: "try again in a moment",
      ...cause,
    });
  }
  if (code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB") {
    return new BerthError("internal", `${path} is damaged: ${messageOf(error)}`, {
      hint: "move it away: containers and names are lost, images can be pulled again",
      ...cause,
    });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new BerthError("denied", `cannot write ${path}: permission denied`, cause);
  }
  if (code === "SQLITE_CANTOPEN" || code === "SQLITE_PERM") {
    return new BerthError("denied", `cannot open ${path}: ${messageOf(error)}`, cause);
  }
  if (code.startsWith("SQLITE_")) {
    return new BerthError("internal", `${path}: ${messageOf(error)} (${code})`, cause);
  }
  return error;
}
