import { BerthError } from "../../base/errors.ts";
import type { Vertex } from "../../engine/build/progress.ts";
import type { Host } from "../host.ts";
import type { BuildDisplay } from "../progress/build-display.ts";

export const progressModes = ["auto", "plain", "quiet", "rawjson", "tty"] as const;

export type ProgressMode = (typeof progressModes)[number];

/** `--progress`, or `BUILDKIT_PROGRESS` where it leaves the choice. Throws `usage`. */
export function progressMode(asked: string | undefined, env: Host["env"]): ProgressMode {
  const text = asked === undefined || asked === "auto" ? env.BUILDKIT_PROGRESS || "auto" : asked;
  const mode = progressModes.find((each) => each === text);
  if (mode !== undefined) return mode;
  throw new BerthError("usage", `invalid progress mode: ${text}`, {
    hint: "choose auto, plain, tty, rawjson or quiet",
  });
}

/** How a build is shown on stderr. Throws when `tty` has no terminal. */
export async function showProgress(mode: ProgressMode, host: Host): Promise<BuildDisplay> {
  const { stderr, env } = host;
  if (mode === "tty" && !stderr.isTerminal)
    throw new BerthError("invalid-argument", "failed to get console: stderr is not a terminal");
  const isSmart = stderr.isTerminal && env.TERM !== "dumb";
  switch (mode === "auto" ? (isSmart ? "tty" : "plain") : mode) {
    case "quiet":
      return silent;
    case "tty": {
      const { BuildScreen } = await import("../progress/build-screen.ts");
      return new BuildScreen(stderr, { color: !env.NO_COLOR });
    }
    case "rawjson": {
      const { BuildEvents } = await import("../progress/build-events.ts");
      return new BuildEvents((text) => stderr.write(text));
    }
    case "plain": {
      const { BuildLines } = await import("../progress/build-lines.ts");
      return new BuildLines((text) => stderr.write(text));
    }
  }
}

const nothing: Vertex = { output() {}, part() {}, done() {}, cached() {}, failed() {}, canceled() {} };

const silent: BuildDisplay = { begin: () => nothing, expect() {}, warn() {}, end() {} };
