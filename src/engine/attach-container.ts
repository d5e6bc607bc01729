import { BerthError } from "../base/errors.ts";
import type { ContainerRecord } from "../store/types.ts";
import { isTerminal } from "../sys/libc.ts";
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
import type { AttachRequest } from "./monitor/attachments.ts";
import { type StartedContainer, spawnMonitor } from "./monitor/start-monitor.ts";
import { firstProcessOf } from "./running-container.ts";
import { isActive } from "./reconcile-containers.ts";
import { SignalForwarding } from "./signal-forwarding.ts";
import { requireContainer, somebodyWasQuicker, startWith } from "./start-container.ts";

export interface AttachOptions {
  readonly input: boolean;
  /** Signals go to the program, if it has no terminal. */
  readonly proxy: boolean;
  /** Asked whether somebody can type them; throws when they are wrong. */
  readonly detachKeys: (typed: boolean) => Uint8Array;
  readonly signal?: AbortSignal;
}

type Connected = Pick<StartedContainer, "connection" | "frames">;

/** Connects the person with a container that runs, until it ends or the person leaves. */
export async function attachContainer(
  context: EngineContext,
  idOrName: string,
  options: AttachOptions,
): Promise<SessionEnd> {
  const record = await requireContainer(context, idOrName);
  if (isActive(record) && options.input && optionsOf(record).run.terminal && !isTerminal(0)) {
    const text = "cannot attach stdin to a TTY-enabled container because stdin is not a terminal";
    throw new BerthError("usage", text, { hint: "with --no-stdin it only shows what the container says" });
  }
  return attachTo(context, record, options);
}

/** Starts a container and stays with it: `start -a`. */
export async function startAttached(
  context: EngineContext,
  idOrName: string,
  options: AttachOptions,
): Promise<SessionEnd> {
  const record = await requireContainer(context, idOrName);
  if (isActive(record)) return attachTo(context, record, options);
  const session = sessionOf(record, options);
  const signals = forwardSignals(record, options);
  emitContainerEvent(context, record, "attach");
  return stay(context, record, await startOrConnect(context, record, session), session, signals);
}

async function attachTo(
  context: EngineContext,
  record: ContainerRecord,
  options: AttachOptions,
): Promise<SessionEnd> {
  const session = sessionOf(record, options);
  const connected = await connect(context, record, session);
  emitContainerEvent(context, record, "attach");
  return stay(context, record, connected, session, forwardSignals(record, options));
}

/** Whoever was quicker to start it has left a container to connect with, or one that has ended already. */
async function startOrConnect(
  context: EngineContext,
  record: ContainerRecord,
  session: SessionOptions,
): Promise<Connected> {
  const monitor = await spawnMonitor(context, optionsOf(record).run);
  try {
    return await startWith(monitor, record, attachRequest(session));
  } catch (error) {
    monitor[Symbol.dispose]();
    if (!somebodyWasQuicker(context, record, error)) throw error;
    const now = await requireContainer(context, record.id);
    return isActive(now) ? connect(context, now, session) : startOrConnect(context, now, session);
  }
}

async function connect(
  context: EngineContext,
  record: ContainerRecord,
  session: SessionOptions,
): Promise<Connected> {
  const refuse = (message: string) => new BerthError("conflict", message);
  const { status } = record.state;
  if (status === "paused") throw refuse("You cannot attach to a paused container, unpause it first");
  if (status === "restarting")
    throw refuse("You cannot attach to a restarting container, wait until it is running");
  const stopped = refuse("You cannot attach to a stopped container, start it first");
  if (!isActive(record)) throw stopped;
  const connection = await connectToRunning(
    context,
    record.id,
    new BerthError(
      "conflict",
      `cannot attach to ${record.name}: a command in the foreground has its streams`,
      {
        hint: "containers that were started with -d, -t or without --rm can be attached to",
      },
    ),
  );
  if (connection === undefined) throw stopped;
  connection.send("attach", attachRequest(session));
  return { connection, frames: connection.frames() };
}

const attachRequest = ({ input }: SessionOptions): AttachRequest => ({ input, output: true });

/** Until the container ends or the person leaves. */
async function stay(
  context: EngineContext,
  record: ContainerRecord,
  { connection, frames }: Connected,
  session: SessionOptions,
  signals: SignalForwarding | undefined,
): Promise<SessionEnd> {
  signals?.to(() => firstProcessOf(context, record.id));
  try {
    const end = await attachSession(connection, frames, session);
    if (end.kind === "detached") emitContainerEvent(context, record, "detach");
    return end;
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

function sessionOf(record: ContainerRecord, options: AttachOptions): SessionOptions {
  const { input, detachKeys, signal, proxy } = options;
  const { terminal, interactive } = optionsOf(record).run;
  const typed = input && interactive;
  return {
    input: typed,
    terminal,
    output: { stdout: true, stderr: true },
    detachKeys: detachKeys(typed && terminal),
    // Signals that are passed on do not end the session.
    ...(signal && (terminal || !proxy) ? { signal } : {}),
  };
}

function forwardSignals(record: ContainerRecord, { proxy }: AttachOptions): SignalForwarding | undefined {
  return proxy && !optionsOf(record).run.terminal ? new SignalForwarding() : undefined;
}
