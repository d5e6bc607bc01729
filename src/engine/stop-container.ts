import { systemErrorCode } from "../base/errors.ts";
import type { ContainerRecord } from "../store/types.ts";
import { isAlive, type ProcessIdentity } from "../sys/process-identity.ts";
import { emitContainerEvent } from "./container-event.ts";
import { connectToMonitor, currentRecord } from "./container-end.ts";
import { optionsOf } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { parseSignal } from "../base/parse-signal.ts";
import { isActive, settle } from "./reconcile-containers.ts";

export interface StopOptions {
  /** Name or number; the container's own, or SIGTERM, if undefined. */
  readonly signal?: string;
  /** Seconds until SIGKILL; -1 is never. The container's own, or 10, if undefined. */
  readonly timeout?: number;
}

const defaultTimeout = 10;

/** Asks a container to end, kills it when it does not, and waits until everything about it is recorded. */
export async function stopContainer(
  context: EngineContext,
  idOrName: string,
  options: StopOptions,
): Promise<void> {
  const record = await settle(context, context.store.containers.get(idOrName));
  if (record === undefined || !isActive(record)) return;
  await endContainer(context, record, "stop", options);
  emitContainerEvent(context, record, "stop");
}

/**
 * As `stopContainer`, for a container that is in somebody's hand; with "restart" its monitor starts it again, or it has
 * ended when this resolves.
 */
export async function endContainer(
  context: EngineContext,
  record: ContainerRecord,
  asked: "stop" | "restart",
  { signal, timeout }: StopOptions,
): Promise<void> {
  const { run, stopSignal = "SIGTERM" } = optionsOf(record);
  const number = parseSignal(signal ?? stopSignal);
  const patience = timeout ?? run.stopTimeout ?? defaultTimeout;
  ask(context, record.id, asked);
  const target = await processOf(context, record.id);
  if (target === undefined) return;
  sendSignal(context, record, target, number);
  await hearSignals(context, record.id);
  if (await endsWithin(context, record.id, target, asked, patience)) return;
  sendSignal(context, record, target, parseSignal("SIGKILL"));
  await endsWithin(context, record.id, target, asked, -1);
}

/** Writes down what is wanted of the container, so that its end is not taken for one of its own. */
export function ask(context: EngineContext, id: string, asked: "stop" | "restart"): ContainerRecord {
  context.store.useReserve();
  return context.store.containers.update(id, (state) => ({ ...state, asked }));
}

/** The process to signal. A container between two runs has none, and is asked to stay so until it does. */
async function processOf(context: EngineContext, id: string): Promise<ProcessIdentity | undefined> {
  for (;;) {
    const record = await currentRecord(context, id);
    if (record === undefined || !isActive(record)) return undefined;
    const { process } = record.state;
    if (process !== undefined && isAlive(process)) return process;
    if (process === undefined) await askBetweenRuns(context, id);
    await Bun.sleep(pollInterval);
  }
}

/** Its monitor is woken, and sees what was asked. */
export async function askBetweenRuns(context: EngineContext, id: string): Promise<void> {
  const connection = await connectToMonitor(context, ask(context, id, "stop"));
  connection?.send("wake");
  await connection?.flushed();
  connection?.close();
}

const pollInterval = 10;

/** A paused container continues, so that it can do what it was told to. */
export async function hearSignals(context: EngineContext, id: string): Promise<void> {
  const record = context.store.containers.find(id);
  if (record?.state.status !== "paused") return;
  await (await import("./pause.ts")).resumeContainer(context, record);
}

/** Nothing happens when it has ended. */
export function sendSignal(
  context: EngineContext,
  record: ContainerRecord,
  target: ProcessIdentity,
  number: number,
): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, number);
    emitContainerEvent(context, record, "kill", { signal: String(number) });
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}

/** Whether the run with this first process is over in time, and with "restart" another one has begun, if one does. */
async function endsWithin(
  context: EngineContext,
  id: string,
  first: ProcessIdentity,
  asked: "stop" | "restart",
  seconds: number,
): Promise<boolean> {
  const deadline = seconds < 0 ? Infinity : performance.now() + seconds * 1000;
  for (;;) {
    const record = await currentRecord(context, id);
    if (record === undefined || !isActive(record)) return true;
    const { process, status } = record.state;
    const isOver = process?.pid !== first.pid || process.startTime !== first.startTime;
    if (isOver && (asked === "stop" || status === "running")) return true;
    if (performance.now() >= deadline) return false;
    await Bun.sleep(pollInterval);
  }
}
