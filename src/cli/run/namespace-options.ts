import { BerthError } from "../../base/errors.ts";
import type { RunOptions } from "../../engine/run-options.ts";
import type { FlagValues } from "../flags/spec.ts";
import { flag } from "../flags/spec.ts";

/** The flags of `run` that choose namespaces. */
export const namespaceFlags = {
  cgroupns: flag.text("Cgroup namespace to use (host|private)", { completes: ["host", "private"] }),
  ipc: flag.text("IPC mode to use", { completes: ["private", "shareable", "none", "host"] }),
  pid: flag.text("PID namespace to use", { completes: ["host"] }),
  uts: flag.text("UTS namespace to use", { completes: ["host"] }),
} as const;

type Chosen = Pick<RunOptions, "cgroupns" | "ipc" | "pid" | "uts">;

/** `private` is what a container has unasked; `container:` with nothing behind it names none. */
export function namespaceOptions(flags: FlagValues<typeof namespaceFlags>): Chosen {
  const chosen: { -readonly [K in keyof Chosen]: Chosen[K] } = {};
  const mayJoin = (mode: string) => mode === "host" || /^container:./.test(mode);
  if (flags.ipc && flags.ipc !== "private") {
    if (!mayJoin(flags.ipc) && flags.ipc !== "shareable" && flags.ipc !== "none") throw invalid("ipc", "IPC");
    chosen.ipc = flags.ipc;
  }
  for (const name of ["pid", "uts"] as const) {
    const mode = flags[name];
    if (!mode || mode === "private") continue;
    if (!mayJoin(mode)) throw invalid(name, name.toUpperCase());
    chosen[name] = mode;
  }
  if (flags.cgroupns === "host" || flags.cgroupns === "private") chosen.cgroupns = flags.cgroupns;
  else if (flags.cgroupns) throw invalid("cgroupns", "CGROUP");
  return chosen;
}

function invalid(flagName: string, kind: string): BerthError {
  return new BerthError("usage", `--${flagName}: invalid ${kind} mode`);
}
