/** The terminal of a program that was started in a container, and the person's. */
import type { Helpers } from "../sys/helpers.ts";
import { waitForInput } from "../sys/libc.ts";
import { chunksOf, setWindowSize, terminalChunks, windowSize, writeAllTo } from "./container-streams.ts";
import { DetachSearch } from "./detach-keys.ts";

/** The program ended, the person typed the detach keys, or the person's terminal went away. */
export type TerminalEnd = "ended" | "detached" | "closed";

/** Copies between the person's terminal and the program's, whose end is `master`, and passes on the window size. */
export async function showTerminal(
  master: number,
  exited: Promise<unknown>,
  { interactive, detachKeys }: { readonly interactive: boolean; readonly detachKeys: Uint8Array },
): Promise<TerminalEnd> {
  const over = Promise.withResolvers<TerminalEnd>();
  void exited.then(() => over.resolve("ended"));
  if (interactive) void passInput(master, detachKeys).then(over.resolve);
  const resize = () => {
    const size = windowSize(1);
    if (size) setWindowSize(master, size);
  };
  process.on("SIGWINCH", resize);
  for await (const chunk of terminalChunks(master, over.promise)) if (!(await writeAllTo(1, chunk))) break;
  const end = await over.promise;
  process.removeListener("SIGWINCH", resize);
  return end;
}

async function passInput(master: number, detachKeys: Uint8Array): Promise<TerminalEnd> {
  const search = new DetachSearch(detachKeys);
  try {
    for await (const chunk of chunksOf(0)) {
      const { passed, detached } = search.push(chunk);
      if (!(await writeAllTo(master, passed))) break;
      if (detached) return "detached";
    }
  } catch {
    // EIO: there is nobody at this terminal any more.
  }
  return "closed";
}

/**
 * Keeps a program's terminal open, and reads what is written to it, until the program ends: a process of its own does,
 * because without one the program would be hung up.
 */
export function holdTerminal(helpers: Helpers, master: number): void {
  waitForInput(master);
  // In a session of its own before spawn returns: where berth leads its terminal's session, its end hangs up the group.
  Bun.spawn([...helpers.command("busybox"), "cat"], {
    cwd: "/",
    env: {},
    stdio: [master, "ignore", "ignore"],
    detached: true,
  }).unref();
}
