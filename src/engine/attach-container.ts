import { BerthError } from "../base/errors.ts";
import type { ContainerRecord } from "../store/types.ts";
import { emitContainerEvent } from "./container-event.ts";
import { connectToRunning } from "./container-end.ts";
import { optionsOf } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import {
  attachSession,
  MonitorGone,
  type SessionEnd,
  type SessionOptions,
} from "./monitor/attach-session.ts";
import { type Monitor, type StartedContainer, spawnMonitor } from "./monitor/start-monitor.ts";
import { firstProcessOf } from "./running-container.ts";
import { isActive } from "./reconcile-containers.ts";
import { SignalForwarding } from "./signal-forwarding.ts";
import { requireContainer, somebodyWasQuicker, startWith } from "./start-container.ts";

export interface AttachOptions {
  readonly input: boolean;
  /** Signals go to the program, if it has no terminal. */
  readonly proxy: boolean;
  readonly detachKeys: Uint8Array;
  readonly signal?: AbortSignal;
}

const bothOutputs = { stdout: true, stderr: true };

/** Connects the person with a container that runs, until it ends or the person leaves. */
export async function attachContainer(
  context: EngineContext,
  idOrName: string,
  options: AttachOptions,
): Promise<SessionEnd> {
  const record = await requireContainer(context, idOrName);
  const { status } = record.state;
  const refuse = (message: string) => new BerthError("conflict", message);
  if (status === "paused") throw refuse("You cannot attach to a paused container, unpause it first");
  if (status === "restarting")
    throw refuse("You cannot attach to a restarting container, wait until it is running");
  const stopped = refuse("You cannot attach to a stopped container, start it first");
  if (!isActive(record)) throw stopped;
  const connection = await connectToRunning(
    context,
    record.id,
    new BerthError("conflict", `cannot attach to ${idOrName}: a command in the foreground has its streams`, {
      hint: "containers that were started with -d, -t or without --rm can be attached to",
    }),
  );
  if (connection === undefined) throw stopped;
  const session = sessionOf(record, options);
  connection.send("attach", { input: session.input, output: true });
  emitContainerEvent(context, record, "attach");
  forwardSignals(record, options)?.to(() => firstProcessOf(context, record.id));
  try {
    return tellOfLeaving(context, record, await attachSession(connection, connection.frames(), session));
  } catch (error) {
    return endWithoutWord(context, record, error);
  }
}

/** Whoever knocks when a monitor has just closed its door is not told how the container ended, but the record is. */
function endWithoutWord(
  { readingStore }: EngineContext,
  { id, name }: ContainerRecord,
  error: unknown,
): SessionEnd {
  if (!(error instanceof MonitorGone)) throw error;
  const state = readingStore.containers.find(id)?.state;
  if (state === undefined) throw new BerthError("not-found", `No such container: ${name}`, { cause: error });
  if (state.monitor !== undefined || state.exitCode === undefined) throw error;
  return { kind: "exited", exitCode: state.exitCode };
}

/** Starts a container and stays with it: `start -a`. */
export async function startAttached(
  context: EngineContext,
  idOrName: string,
  options: AttachOptions,
): Promise<SessionEnd> {
  const record = await requireContainer(context, idOrName);
  if (isActive(record)) return attachContainer(context, idOrName, options);
  using monitor: Monitor = await spawnMonitor(context, optionsOf(record).run);
  const signals = forwardSignals(record, options);
  const session = sessionOf(record, options);
  emitContainerEvent(context, record, "attach");
  let started: StartedContainer;
  try {
    started = await startWith(monitor, record, { input: session.input, output: true });
  } catch (error) {
    if (!somebodyWasQuicker(context, record, error)) throw error;
    return startAttached(context, record.id, options);
  }
  signals?.to(() => firstProcessOf(context, record.id));
  return tellOfLeaving(context, record, await attachSession(started.connection, started.frames, session));
}

function tellOfLeaving(context: EngineContext, record: ContainerRecord, end: SessionEnd): SessionEnd {
  if (end.kind === "detached") emitContainerEvent(context, record, "detach");
  return end;
}

function sessionOf(record: ContainerRecord, options: AttachOptions): SessionOptions {
  const { input, detachKeys, signal, proxy } = options;
  const { terminal, interactive } = optionsOf(record).run;
  return {
    input: input && interactive,
    terminal,
    output: bothOutputs,
    detachKeys,
    // Signals that are passed on do not end the session.
    ...(signal && (terminal || !proxy) ? { signal } : {}),
  };
}

function forwardSignals(record: ContainerRecord, { proxy }: AttachOptions): SignalForwarding | undefined {
  return proxy && !optionsOf(record).run.terminal ? new SignalForwarding() : undefined;
}
