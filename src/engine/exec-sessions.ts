/**
 * The programs that `exec` has running in containers: an empty file each in the runtime directory, whose name says all.
 * What nobody was left to remove is removed by whoever finds that its program has ended.
 */
import type { Directories } from "../base/directories.ts";
import { namesIn, unlinkIfThere } from "../sys/directory-entries.ts";
import { exists, writeFile } from "../sys/files.ts";
import { identifyProcess, isAlive } from "../sys/process-identity.ts";
import { ensurePrivateDirectory } from "../sys/unpack-helpers.ts";

const directoryOf = ({ runtime }: Directories) => `${runtime}/execs`;

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
    const path = `${directory}/${[container, execID, pid, startTime].join(".")}`;
    writeFile(path, "", 0o600);
    return { [Symbol.dispose]: () => unlinkIfThere(path) };
  } catch {
    return { [Symbol.dispose]() {} };
  }
}

/** The ids of those that run in a container. */
export function execsOf(directories: Directories, container: string): readonly string[] {
  return names(directories).flatMap((name) => {
    const [owner, execID = "", pid, startTime] = name.split(".");
    const process = identifyProcess(Number(pid));
    if (process?.startTime === Number(startTime) && isAlive(process))
      return owner === container ? [execID] : [];
    unlinkIfThere(`${directoryOf(directories)}/${name}`);
    return [];
  });
}

function names(directories: Directories): readonly string[] {
  if (!exists(directoryOf(directories))) return []; // nothing was ever executed
  try {
    return namesIn(directoryOf(directories));
  } catch {
    return [];
  }
}
