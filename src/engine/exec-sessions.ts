/**
 * The programs that `exec` has running in containers: an empty file each in the runtime directory, whose name says all.
 * What nobody was left to remove is removed by whoever finds that its program has ended.
 */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Directories } from "../base/directories.ts";
import { identifyProcess } from "../sys/process-identity.ts";
import { ensurePrivateDirectory } from "../sys/unpack-helpers.ts";

const directoryOf = ({ runtime }: Directories) => join(runtime, "execs");

/** Notes a program that runs, where that can be written; disposal says that it has ended. */
export function noteExec(
  directories: Directories,
  { container, execID, pid }: { readonly container: string; readonly execID: string; readonly pid: number },
): Disposable {
  const directory = directoryOf(directories);
  try {
    const startTime = identifyProcess(pid)?.startTime ?? 0; // it has ended already
    ensurePrivateDirectory(directories.runtime);
    ensurePrivateDirectory(directory);
    const path = join(directory, [container, execID, pid, startTime].join("."));
    writeFileSync(path, "", { mode: 0o600 });
    return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
  } catch {
    return { [Symbol.dispose]() {} };
  }
}

/** The ids of those that run in a container. */
export function execsOf(directories: Directories, container: string): readonly string[] {
  return names(directories).flatMap((name) => {
    const [owner, execID = "", pid, startTime] = name.split(".");
    if (identifyProcess(Number(pid))?.startTime === Number(startTime))
      return owner === container ? [execID] : [];
    rmSync(join(directoryOf(directories), name), { force: true });
    return [];
  });
}

function names(directories: Directories): readonly string[] {
  try {
    return readdirSync(directoryOf(directories));
  } catch {
    return []; // nothing was ever executed
  }
}
