/** Children that are ours because their parent ended: programs in containers, whose parent only starts them. */
import { NR } from "./kernel-numbers.ts";
import { check, syscall } from "./system-call.ts";

let adopting = 0;

/** Until disposal, processes whose parent ends become this one's children (PR_SET_CHILD_SUBREAPER). */
export function adoptOrphans(): Disposable {
  if (adopting++ === 0) setSubreaper(true);
  return {
    [Symbol.dispose]() {
      if (--adopting === 0) setSubreaper(false);
    },
  };
}

function setSubreaper(on: boolean): void {
  const PR_SET_CHILD_SUBREAPER = 36;
  check("prctl", syscall(NR.prctl, PR_SET_CHILD_SUBREAPER, on ? 1 : 0, 0, 0, 0, 0), "PR_SET_CHILD_SUBREAPER");
}

/** The end of a child that Bun does not know, as a shell tells it: 128 + n when a signal ended it. */
export async function endOf(pid: number): Promise<number> {
  const status = new Int32Array(1);
  const WNOHANG = 1;
  const reaped = () =>
    check("wait4", syscall(NR.wait4, pid, status, WNOHANG, null, 0, 0), String(pid)) === pid;
  if (!reaped()) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (reaped()) resolve();
    };
    process.on("SIGCHLD", look);
    const awake = setInterval(look, longWhile); // without anything to wait for, the event loop spins
    look();
    await promise;
    clearInterval(awake);
    process.removeListener("SIGCHLD", look);
  }
  const signal = status[0]! & 0x7f;
  return signal === 0 ? (status[0]! >> 8) & 0xff : 128 + signal;
}

const longWhile = 60_000;
