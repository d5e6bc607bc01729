import { O } from "../sys/kernel-numbers.ts";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import {
  close,
  isDirectory,
  isRegularFile,
  readInto,
  requireExecutable,
  statusAt,
  statusOf,
} from "../sys/files.ts";
import { openWithoutMagicLinks } from "../sys/libc.ts";

/** How runc begins its messages, at the start of a container and for `exec`. */
const prefixes = {
  init: "unable to start container process: error during container init: exec: ",
  exec: "exec failed: unable to start container process: exec: ",
} as const;

export type Occasion = keyof typeof prefixes;

const quoted = (name: string) => JSON.stringify(name);

/**
 * Where the program `name` is, as execvp(3) would find it for the current user; call it inside the container's root.
 * `command-not-found` is exit status 127, `command-not-executable` 126.
 */
export function findProgram(name: string, path: string | undefined, occasion: Occasion = "init"): string {
  const prefix = prefixes[occasion];
  if (name.includes("/")) {
    const problem = whyNotExecutable(name);
    if (problem === undefined) return name;
    if (problem === "missing") {
      throw new BerthError(
        "command-not-found",
        `${prefix}${quoted(name)}: stat ${name}: no such file or directory`,
      );
    }
    throw new BerthError("command-not-executable", `${prefix}${quoted(name)}: ${problem}`);
  }
  let problem: string | undefined;
  for (const directory of (path ?? "").split(":")) {
    // An empty entry means the working directory, and a program is never taken from there unasked.
    if (!directory.startsWith("/")) continue;
    const candidate = `${directory}${directory.endsWith("/") ? "" : "/"}${name}`;
    const answer = whyNotExecutable(candidate);
    if (answer === undefined) return candidate;
    if (answer === "permission denied") problem = answer;
  }
  if (name !== "" && problem !== undefined) {
    throw new BerthError("command-not-executable", `${prefix}${quoted(name)}: ${problem}`);
  }
  throw new BerthError("command-not-found", `${prefix}${quoted(name)}: executable file not found in $PATH`);
}

function whyNotExecutable(path: string): "missing" | "permission denied" | "is a directory" | undefined {
  try {
    if (isDirectory(statusAt(path))) return "is a directory";
    requireExecutable(path);
    return undefined;
  } catch (error) {
    return systemErrorCode(error) === "EACCES" ? "permission denied" : "missing";
  }
}

/** How often the kernel follows `#!` from script to script (fs/exec.c). */
const deepestScript = 5;

/**
 * Refuses a program, and an interpreter of a script, that is reached through a link of /proc to an open file or to a
 * program: it lies outside the root. `/proc/self/exe` is berth itself at this moment (CVE-2019-5736). It would be
 * read-only (`MountInterpreter.enter`), but running it is no container's business.
 */
export function refuseOutsideProgram(path: string, depth = 0, program = path): void {
  let fd: number;
  try {
    fd = openWithoutMagicLinks(path, O.RDONLY | O.NONBLOCK | O.NOCTTY);
  } catch (error) {
    const code = systemErrorCode(error);
    // An interpreter that is not there for us may be there for the program: /proc/self while it joins a container.
    if (code === "ENOENT" && depth > 0) throw executionError(program, code);
    // What cannot be read is no script; what is wrong otherwise, execve will say.
    if (code !== "ELOOP") return;
    throw new BerthError(
      "command-not-executable",
      `${prefixes.init}${quoted(path)}: permission denied: it is outside the container's root file system`,
    );
  }
  try {
    const interpreter = interpreterOf(fd);
    if (interpreter !== undefined && depth < deepestScript)
      refuseOutsideProgram(interpreter, depth + 1, program);
  } finally {
    close(fd);
  }
}

/** What the `#!` line names (execve(2): the first 256 bytes count). */
function interpreterOf(fd: number): string | undefined {
  if (!isRegularFile(statusOf(fd))) return undefined;
  const start = new Uint8Array(256);
  const length = readInto(fd, start);
  if (start[0] !== 0x23 || start[1] !== 0x21) return undefined; // "#!"
  return interpreterNamed(Buffer.from(start.buffer, 0, length).toString("latin1"));
}

/** Apart, because a function with a regular expression is slow to load, and few programs are scripts. */
function interpreterNamed(line: string): string | undefined {
  return /^#![ \t]*([^ \t\n\0]+)/.exec(line)?.[1];
}

/** What a refused execve(2) means to the person; `code` is the errno name. */
export function executionError(path: string, code: string | undefined): BerthError {
  switch (code) {
    case "ENOENT": // the file is there, so its interpreter is not
    case "ENOTDIR":
      return new BerthError("command-not-found", `exec ${path}: no such file or directory`, {
        hint: "the program is there, but the interpreter or dynamic loader that it names is not in the image",
      });
    case "ENOEXEC":
      return new BerthError("command-not-executable", `exec ${path}: exec format error`, {
        hint: "the program may be for another architecture, or a script without a #! line",
      });
    case "E2BIG":
      return new BerthError("command-not-executable", `exec ${path}: argument list too long`);
    default:
      return new BerthError(
        "command-not-executable",
        `exec ${path}: ${code === "EACCES" ? "permission denied" : code}`,
      );
  }
}
