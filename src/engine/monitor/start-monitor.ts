/** The client side of a container's monitor. */
import { BerthError } from "../../base/errors.ts";
import { type Failure, reportedError } from "../../sys/message-channel.ts";
import { identifyProcess, type ProcessIdentity } from "../../sys/process-identity.ts";
import type { EngineContext } from "../context.ts";
import type { RunOptions } from "../run-options.ts";
import { Connection } from "./connection.ts";
import { bodyOf, type Frame } from "./frames.ts";
import type { AttachRequest } from "./attachments.ts";
import type { StartOrder } from "./monitor-container.ts";
import { startMonitorProcess, takeBegunMonitor } from "./monitor-process.ts";

/** A monitor that was started and has its order still to get. */
export interface Monitor extends Disposable {
  /** Undefined where systemd starts it, or when it has ended. */
  readonly process: ProcessIdentity | undefined;
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
  const begin = isOrdinary(run) ? { interactive: run.interactive, terminal: run.terminal } : undefined;
  const { child, channel } =
    takeBegunMonitor(begin) ??
    startMonitorProcess({ env: context.env, dataDirectory: context.directories.data, scope, begin });
  const connection = await Connection.over(channel);
  return {
    process: scope.length === 0 ? identifyProcess(child.pid) : undefined,
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

/** Whether what head-start.ts begins with is what the container has, as far as its options say. */
function isOrdinary({ network, ipc, pid, uts, userns, resources, cgroupParent }: RunOptions): boolean {
  return (
    network.kind !== "host" &&
    network.kind !== "container" &&
    [ipc, pid, uts, userns, resources, cgroupParent].every((option) => option === undefined)
  );
}

async function endedAtOnce(scope: readonly string[], child: Bun.Subprocess): Promise<BerthError> {
  if (scope.length === 0) return new BerthError("internal", "the container's monitor ended at once");
  const said = child.stderr instanceof ReadableStream ? await child.stderr.text() : "";
  return new BerthError("helper-failed", `systemd made no scope for the container: ${said.trim()}`);
}
