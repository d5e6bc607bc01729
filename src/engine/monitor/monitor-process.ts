/** Loads no module of Node's: a monitor is started before anything else (main.ts). */
import { O } from "../../sys/kernel-numbers.ts";
import { resolveDirectories } from "../../base/directories.ts";
import { close } from "../../sys/files.ts";
import { AT_FDCWD, createSocketPair, openAt } from "../../sys/libc.ts";
import { selfCommand } from "../../sys/self-command.ts";
import type { StreamOptions } from "../head-start.ts";

/** A monitor that waits for its order. */
export interface MonitorProcess {
  readonly child: Bun.Subprocess;
  /** Our end of the socket. */
  readonly channel: number;
}

export interface MonitorRequest {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the store. */
  readonly dataDirectory: string;
  /** The words that put it into a scope of systemd. */
  readonly scope: readonly string[];
  /** The streams of a container for which it can begin at once; undefined where that is not an ordinary one. */
  readonly begin: StreamOptions | undefined;
}

/** Starts a monitor process in a session of its own. */
export function startMonitorProcess({ env, dataDirectory, scope, begin }: MonitorRequest): MonitorProcess {
  const [channel, theirs] = createSocketPair();
  const words = begin ? [beginWord(begin)] : [];
  const stderr = errors(env, dataDirectory, scope);
  const child = Bun.spawn([...scope, ...selfCommand(), "internal-monitor", ...words], {
    // No thread that touches memory in advance: both CPUs are busy with this start, and a monitor is small.
    env: { ...env, BUN_JSC_useWarmUpMarkedBlocks: "0" },
    cwd: "/",
    detached: true,
    stdio: ["ignore", "ignore", stderr, theirs],
  });
  child.unref();
  close(theirs);
  if (typeof stderr === "number" && stderr !== 2) close(stderr);
  return { child, channel };
}

function beginWord({ interactive, terminal }: StreamOptions): string {
  return ["begin", ...(interactive ? ["interactive"] : []), ...(terminal ? ["terminal"] : [])].join("-");
}

/** What a monitor's word says; undefined for any other word. */
export function beginsWith(word: string): StreamOptions | undefined {
  if (!word.startsWith("begin")) return undefined;
  return { interactive: word.includes("interactive"), terminal: word.includes("terminal") };
}

/** Where the monitor's own words go: those of systemd are for the person, its faults into a file for whoever asks why. */
function errors(
  env: MonitorRequest["env"],
  dataDirectory: string,
  scope: readonly string[],
): number | "pipe" | "ignore" {
  if (env.BERTH_DEBUG === "1") return 2;
  if (scope.length > 0) return "pipe";
  try {
    return openAt(AT_FDCWD, `${dataDirectory}/monitor.log`, O.WRONLY | O.CREAT | O.APPEND, 0o600);
  } catch {
    return "ignore"; // a store that cannot be written, or is not there yet
  }
}

let begun: (MonitorProcess & { readonly begin: StreamOptions }) | undefined;

/** Starts a monitor for a container that is still to be made; see `takeBegunMonitor`. */
export function beginMonitor(env: MonitorRequest["env"], begin: StreamOptions): void {
  const dataDirectory = resolveDirectories(env, process.getuid!()).data;
  begun = { ...startMonitorProcess({ env, dataDirectory, scope: [], begin }), begin };
}

/** The monitor that was begun, if it is for a container with these streams. */
export function takeBegunMonitor(begin: StreamOptions | undefined): MonitorProcess | undefined {
  const taken = begun;
  begun = undefined;
  if (taken === undefined) return undefined;
  if (begin && taken.begin.interactive === begin.interactive && taken.begin.terminal === begin.terminal)
    return taken;
  close(taken.channel); // which ends it
  return undefined;
}
