import { O } from "../sys/kernel-numbers.ts";
import { closeSync, readFileSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import { readAccountFile } from "../container/process-setup.ts";
import { parsePasswd } from "../container/user.ts";
import { AT_FDCWD, openAt } from "../sys/libc.ts";
import { membersOf } from "../sys/pid-namespace.ts";
import { isAlive, type ProcessIdentity } from "../sys/process-identity.ts";
import { readProcessStatus } from "../sys/process-status.ts";
import { emitContainerEvent } from "./container-event.ts";
import type { EngineContext } from "./context.ts";
import { columnsOf, type ProcessList, titles } from "./process-columns.ts";
import { notRunning, runningContainer } from "./running-container.ts";

/**
 * The processes of a container. Without options, or with `-ef`, the host's /proc tells, with the container's own names
 * of users; other options go to the host's ps. Nothing of the container is run or entered for it (CVE-2022-1227).
 */
export async function listProcesses(
  context: EngineContext,
  idOrName: string,
  options: readonly string[],
): Promise<ProcessList> {
  const { record, first } = await runningContainer(context, idOrName);
  const list = await processList(first, options).catch((error: unknown) => {
    throw isAlive(first) ? error : notRunning(record.id);
  });
  if (!isAlive(first)) throw notRunning(record.id);
  emitContainerEvent(context, record, "top");
  return list;
}

async function processList(first: ProcessIdentity, options: readonly string[]): Promise<ProcessList> {
  const pids = membersOf(first.pid).map(({ pid }) => pid);
  const words = options.flatMap((option) => option.split(" ")).filter((word) => word !== "");
  if (/^(-ef|-fe|-e -f|-f -e|)$/.test(words.join(" "))) return ownList(first, pids);
  return (await import("./host-ps.ts")).hostProcessList(words, pids);
}

function ownList(first: ProcessIdentity, pids: readonly number[]): ProcessList {
  const userOf = usersInside(first);
  const now = Date.now() / 1000;
  const processes = pids.flatMap((pid) => readProcessStatus(pid) ?? []);
  return { titles, processes: processes.map((status) => columnsOf(status, userOf(status.uid), now)) };
}

/**
 * Whose a uid of the host is inside: a name of the container's /etc/passwd, or the number there. The host cannot look
 * into a root that is mounted by fuse-overlayfs (fuse(4), allow_other).
 */
function usersInside({ pid }: ProcessIdentity): (uid: number) => string {
  const map = readFileSync(`/proc/${pid}/uid_map`, "latin1").trim().split("\n");
  const ranges = map.map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  const accounts = parsePasswd(passwdOf(pid));
  return (uid) => {
    const range = ranges.find(([, outside, count]) => uid >= outside && uid < outside + count);
    if (range === undefined) return String(uid);
    const inside = range[0] + uid - range[1];
    const known = accounts.find((account) => account.uid === inside)?.name;
    return known ?? (inside === 0 ? "root" : String(inside));
  };
}

function passwdOf(pid: number): string {
  let root: number;
  try {
    root = openAt(AT_FDCWD, `/proc/${pid}/root`, O.PATH | O.DIRECTORY);
  } catch {
    return "";
  }
  try {
    return readAccountFile(root, "/etc/passwd");
  } catch (error) {
    if (error instanceof BerthError) return ""; // too large to be one
    throw error;
  } finally {
    closeSync(root);
  }
}
