/**
 * The processes of a container, found and signalled from the host's side, where a pid can be reused by a stranger at any
 * moment: whoever gets a signal is held by a descriptor first (pidfd_open(2)).
 */
import { closeSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { openProcess, signalProcess } from "./libc.ts";
import { SystemCallError } from "./system-call-error.ts";

/** One process of a container. Numbers are the host's; fields as in proc_pid_stat(5). */
export interface Member {
  readonly pid: number;
  readonly parent: number;
  readonly startTime: number;
  readonly threads: number;
  /** Clock ticks of itself and of the children that it has waited for. */
  readonly ticks: number;
}

/** A process that cannot be mistaken for a later one, on this boot. */
export type MemberIdentity = Pick<Member, "pid" | "startTime">;

/**
 * The processes of the container whose first process is `first`: those in its namespace, in namespaces below it, and
 * those that joined it. It is the pid namespace where the container has one of its own, else (`--pid=host`) that of the
 * mounts, which nobody shares.
 */
export function membersOf(first: number, proc = "/proc"): readonly Member[] {
  const kind = isFirstOfNamespace(first, proc) ? "pid" : "mnt";
  const namespace = namespaceOf(first, kind, proc);
  const all = new Map<number, Member>();
  for (const name of readdirSync(proc)) {
    const pid = Number(name);
    const member = Number.isInteger(pid) ? readMember(pid, proc) : undefined;
    if (member) all.set(pid, member);
  }
  const known = new Map<number, boolean>();
  const belongs = (pid: number): boolean => {
    let answer = known.get(pid);
    if (answer !== undefined) return answer;
    known.set(pid, false); // a parent read a moment later may, in theory, be a child
    const member = all.get(pid);
    answer =
      member !== undefined &&
      (pid === first ||
        (namespace !== undefined && namespaceOf(pid, kind, proc) === namespace) ||
        belongs(member.parent));
    known.set(pid, answer);
    return answer;
  };
  return [...all.values()].filter(({ pid }) => belongs(pid));
}

function isFirstOfNamespace(pid: number, proc: string): boolean {
  return /^NSpid:.*\s1$/m.test(readText(`${proc}/${pid}/status`));
}

function namespaceOf(pid: number, kind: "pid" | "mnt", proc: string): string | undefined {
  try {
    return readlinkSync(`${proc}/${pid}/ns/${kind}`);
  } catch {
    return undefined; // gone, or somebody else's
  }
}

function readMember(pid: number, proc: string): Member | undefined {
  const text = readText(`${proc}/${pid}/stat`);
  if (text === "") return undefined;
  const field = statFields(text);
  const ticks = [14, 15, 16, 17].reduce((sum, number) => sum + Number(field(number)), 0);
  return {
    pid,
    parent: Number(field(4)),
    startTime: Number(field(22)),
    threads: Number(field(20)),
    ticks,
  };
}

/** Fields by their number in proc_pid_stat(5); the command name, field 2, may hold blanks and parentheses. */
export function statFields(text: string): (number: number) => string {
  const rest = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (number) => rest[number - 3] ?? "";
}

/** Whether no thread of a process can run: each is stopped, traced to a stop, or has ended. */
function isStopped(pid: number): boolean {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return true;
  }
  return threads.every((thread) => {
    const text = readText(`/proc/${pid}/task/${thread}/stat`);
    return text === "" || "TtXZ".includes(statFields(text)(3));
  });
}

const longestWait = 10_000;

/**
 * Stops every process of a container, and answers which of them were stopped before. A parent stops before its children,
 * so that no shell takes them for suspended jobs. It is done when two scans in a row find nothing that can run: what a
 * process brought into being in the last moment is seen by the second. Throws when a process does not stop, with all
 * continued again.
 */
export async function stopMembers(first: number): Promise<readonly MemberIdentity[]> {
  const ours = new Map<number, number>();
  const deadline = performance.now() + longestWait;
  for (let quietScans = 0; ; ) {
    const members = membersOf(first);
    const running = new Set(members.filter(({ pid }) => !isStopped(pid)).map(({ pid }) => pid));
    quietScans = running.size === 0 ? quietScans + 1 : 0;
    if (quietScans === 2) {
      return members
        .filter(({ pid, startTime }) => ours.get(pid) !== startTime)
        .map(({ pid, startTime }) => ({ pid, startTime }));
    }
    for (const member of members) {
      const { pid, parent, startTime } = member;
      if (!running.has(pid) || running.has(parent) || ours.get(pid) === startTime) continue;
      if (signalMember(member, "SIGSTOP")) ours.set(pid, startTime);
    }
    if (performance.now() > deadline) {
      const before = members.filter(({ pid, startTime }) => ours.get(pid) !== startTime);
      continueMembers(first, before);
      throw new SystemCallError("stop", 110, `process ${[...running][0]}`);
    }
    if (running.size > 0) await Bun.sleep(1);
  }
}

/**
 * Continues what `stopMembers` stopped: every process but those that were stopped before, children first. Programs of
 * ours outside that wait for one and stopped with it (nsenter does) go on, too.
 */
export function continueMembers(first: number, stoppedBefore: readonly MemberIdentity[]): void {
  const kept = new Map(stoppedBefore.map(({ pid, startTime }) => [pid, startTime]));
  const members = membersOf(first);
  const byPid = new Map(members.map((member) => [member.pid, member]));
  const depth = ({ parent }: Member): number => {
    const above = byPid.get(parent);
    return above === undefined ? 0 : depth(above) + 1;
  };
  const awake = members.filter(({ pid, startTime }) => kept.get(pid) !== startTime);
  for (const member of awake.toSorted((a, b) => depth(b) - depth(a))) signalMember(member, "SIGCONT");
  for (const { parent } of awake) {
    if (byPid.has(parent) || statFields(readText(`/proc/${parent}/stat`))(3) !== "T") continue;
    const outside = readMember(parent, "/proc");
    if (outside) signalMember(outside, "SIGCONT");
  }
}

/** Signals exactly this process; false when it has ended. */
function signalMember({ pid, startTime }: MemberIdentity, signal: "SIGSTOP" | "SIGCONT"): boolean {
  let descriptor: number;
  try {
    descriptor = openProcess(pid);
  } catch (error) {
    if (error instanceof SystemCallError && error.code === "ESRCH") return false;
    throw error;
  }
  try {
    // The descriptor holds whoever has the number now; only then is it certain that it is still the same.
    if (readMember(pid, "/proc")?.startTime !== startTime) return false;
    signalProcess(descriptor, signal);
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && error.code === "ESRCH") return false;
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
