/** The client side of a container's monitor. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { BerthError } from "../../base/errors.ts";
import { type Failure, reportedError } from "../../sys/message-channel.ts";
import { createSocketPair } from "../../sys/libc.ts";
import { selfCommand } from "../../sys/self-command.ts";
import type { EngineContext } from "../context.ts";
import type { RunOptions } from "../run-options.ts";
import { Connection } from "./connection.ts";
import { bodyOf, type Frame } from "./frames.ts";
import type { AttachRequest } from "./attachments.ts";
import type { StartOrder } from "./monitor-container.ts";

/** A monitor that was started and has its order still to get. */
export interface Monitor extends Disposable {
  /** Resolves when the program runs. Rejects with the reason when it does not. */
  start(order: StartOrder, attach?: AttachRequest): Promise<StartedContainer>;
}

export interface StartedContainer {
  /** The first process, as the host sees it. */
  readonly pid: number;
  readonly connection: Connection;
  /** What follows on the connection. */
  readonly frames: AsyncIterable<Frame>;
}

/**
 * Starts a monitor process in a session of its own. It needs little to be known yet about the container, so it can get
 * ready while the container is made.
 */
export async function spawnMonitor(context: EngineContext, run: RunOptions): Promise<Monitor> {
  const scope = await scopeCommand(context, run);
  const [ours, theirs] = createSocketPair();
  const child = Bun.spawn([...scope, ...selfCommand(), "internal-monitor"], {
    env: { ...context.env },
    cwd: "/",
    detached: true,
    stdio: ["ignore", "ignore", errors(context, scope), theirs],
  });
  child.unref();
  closeSync(theirs);
  const connection = await Connection.over(ours);
  return {
    async start(order, attach) {
      connection.send("start", order);
      if (attach) connection.send("attach", attach);
      const frames = connection.frames();
      const early: Frame[] = [];
      for (;;) {
        const { value: frame } = await frames.next();
        if (frame === undefined) throw await endedAtOnce(scope, child);
        if (frame.kind === "warning") context.warn(bodyOf<{ text: string }>(frame).text);
        // A quick program has written before its start could be told.
        else if (frame.kind === "stdout" || frame.kind === "stderr") early.push(frame);
        else if (frame.kind === "started")
          return { ...bodyOf<{ pid: number }>(frame), connection, frames: joined(early, frames) };
        if (frame.kind !== "failed") continue;
        throw reportedError(bodyOf<Failure>(frame));
      }
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

async function* joined(early: readonly Frame[], rest: AsyncIterable<Frame>): AsyncIterable<Frame> {
  yield* early;
  yield* rest;
}

/** The words that put the monitor of a limited container into a scope of systemd, where its limits need that. */
async function scopeCommand(context: EngineContext, run: RunOptions): Promise<readonly string[]> {
  if (run.resources === undefined && run.cgroupParent === undefined) return [];
  const { cgroupAccess } = await import("../container-cgroup.ts");
  const access = cgroupAccess(run, context.env);
  return access.by === "systemd" ? access.command : [];
}

/** Where the monitor's own words go: those of systemd are for the person, its faults into a file for whoever asks why. */
function errors(context: EngineContext, scope: readonly string[]): number | "pipe" | "ignore" {
  if (context.env.BERTH_DEBUG === "1") return 2;
  if (scope.length > 0) return "pipe";
  try {
    return openSync(join(context.directories.data, "monitor.log"), "a", 0o600);
  } catch {
    return "ignore"; // a store that cannot be written, or is not there yet
  }
}

async function endedAtOnce(scope: readonly string[], child: Bun.Subprocess): Promise<BerthError> {
  if (scope.length === 0) return new BerthError("internal", "the container's monitor ended at once");
  const said = child.stderr instanceof ReadableStream ? await child.stderr.text() : "";
  return new BerthError("helper-failed", `systemd made no scope for the container: ${said.trim()}`);
}
