import type { Directories } from "../base/directories.ts";
import type { BerthError } from "../base/errors.ts";
import { Connection } from "./monitor/connection.ts";
import { monitorSocket } from "./monitor/socket-path.ts";
import { bodyOf } from "./monitor/frames.ts";
import type { ContainerRecord } from "../store/types.ts";
import { readText } from "../sys/files.ts";
import { isAlive } from "../sys/process-identity.ts";
import { EngineContext } from "./context.ts";
import { isUp } from "./container-status.ts";
import { isActive, settle } from "./reconcile-containers.ts";

/** Milliseconds between looks at a container whose monitor is a command in the foreground: that one listens to nobody. */
const pollInterval = 20;

/**
 * Waits until a run of the container has ended and that is recorded, or it is removed. Answers its exit code; undefined
 * when `signal` was aborted before, or when nobody can tell.
 */
export async function containerEnd(
  context: EngineContext,
  id: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  for (;;) {
    const record = await currentRecord(context, id);
    if (record === undefined) return undefined;
    if (!isActive(record)) return record.state.exitCode ?? 0;
    if (signal?.aborted === true) return undefined;
    const exitCode = await toldByMonitor(context, record, signal);
    if (exitCode !== undefined) return exitCode;
    await Bun.sleep(pollInterval);
  }
}

/** The record as it is now; undefined when the container is gone. */
export async function currentRecord(
  context: EngineContext,
  id: string,
): Promise<ContainerRecord | undefined> {
  const record = context.readingStore.containers.find(id);
  return record && settle(context, record);
}

/** Undefined when there is no monitor that listens, or it ended without a word. */
async function toldByMonitor(
  context: EngineContext,
  record: ContainerRecord,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const connection = await connectToMonitor(context, record);
  if (connection === undefined) return undefined;
  const leave = () => connection.close();
  signal?.addEventListener("abort", leave, { once: true });
  try {
    for await (const frame of connection.frames()) {
      if (frame.kind === "run-ended" || frame.kind === "exited")
        return bodyOf<{ exitCode: number }>(frame).exitCode;
    }
    return undefined;
  } finally {
    signal?.removeEventListener("abort", leave);
    connection.close();
  }
}

/** Undefined when nobody listens for this container. */
export async function connectToMonitor(
  context: EngineContext,
  { id, state: { monitor } }: ContainerRecord,
): Promise<Connection | undefined> {
  const here = monitorSocket(context.directories, id);
  try {
    return await Connection.to(here);
  } catch {}
  try {
    if (monitor === undefined || !isAlive(monitor)) return undefined;
    const there = monitorSocket(directoriesOf(monitor.pid), id);
    return there === here ? undefined : await Connection.to(there);
  } catch {
    return undefined;
  }
}

/** Those of a process that may have been started with another XDG_RUNTIME_DIR, by its environment. */
function directoriesOf(pid: number): Directories {
  const variables = readText(`/proc/${pid}/environ`).split("\0");
  const env = Object.fromEntries(variables.map((text) => text.split(/=(.*)/s, 2) as [string, string]));
  return new EngineContext(env, () => {}).directories;
}

/**
 * The monitor of a container that runs or is about to; undefined when it has ended meanwhile. Throws `foreground` when a
 * command in the foreground runs it, which listens to nobody.
 */
export async function connectToRunning(
  context: EngineContext,
  id: string,
  foreground: BerthError,
): Promise<Connection | undefined> {
  for (;;) {
    const before = await currentRecord(context, id);
    if (before === undefined || !isActive(before)) return undefined;
    const connection = await connectToMonitor(context, before);
    if (connection !== undefined) return connection;
    // A monitor listens as long as there is a process.
    const { process } = before.state;
    if (isUp(before.state) && process !== undefined && isAlive(process)) throw foreground;
    await Bun.sleep(pollInterval);
  }
}
