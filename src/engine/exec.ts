import { closeSync, openSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import { randomHex } from "../base/random-hex.ts";
import type { ContainerRecord } from "../store/types.ts";
import { isTerminal } from "../sys/libc.ts";
import { emitContainerEvent } from "./container-event.ts";
import { ContainerStreams, rawTerminal, windowSize } from "./container-streams.ts";
import type { EngineContext } from "./context.ts";
import { type ExecRequest, execInContainer } from "./exec-in-container.ts";
import { holdTerminal, showTerminal, type TerminalEnd } from "./exec-terminal.ts";
import { runningContainer } from "./running-container.ts";

export interface ExecOptions {
  /** Id, name or unique prefix. */
  readonly container: string;
  readonly request: ExecRequest;
  readonly interactive: boolean;
  /** Bytes that leave a terminal to itself; empty for none. */
  readonly detachKeys: Uint8Array;
  readonly signal: AbortSignal;
}

export type ExecEnd = { readonly kind: "exited"; readonly exitCode: number } | { readonly kind: "detached" };

/**
 * Runs a program in a running container, connected with the person's streams until it ends. Who aborts, types the detach
 * keys or closes the terminal leaves the program running, as with Docker.
 */
export async function execProgram(context: EngineContext, options: ExecOptions): Promise<ExecEnd> {
  const { record } = await runningContainer(context, options.container);
  if (record.state.status === "paused") {
    throw new BerthError(
      "conflict",
      `Container ${options.container} is paused, unpause the container before exec`,
    );
  }
  const size = options.request.terminal ? windowSize(1) : undefined;
  const request = { ...options.request, ...(size ? { windowSize: size } : {}) };
  const execID = randomHex(32);
  const command = request.args.join(" ");
  const tell = (action: string, extra = {}) =>
    emitContainerEvent(context, record, action, { execID, ...extra });
  tell(`exec_create: ${command}`);
  tell(`exec_start: ${command}`);
  const end = await (request.detach
    ? startDetached(context, record, request)
    : attached(context, record, request, options));
  if (end.kind === "exited") tell("exec_die", { exitCode: String(end.exitCode) });
  else if (!request.detach) tell("exec_detach");
  return end;
}

async function startDetached(
  context: EngineContext,
  record: ContainerRecord,
  request: ExecRequest,
): Promise<ExecEnd> {
  const nothing = openSync("/dev/null", "r+");
  try {
    const { terminal } = await execInContainer(context, record, request, [nothing, nothing, nothing]);
    if (terminal !== undefined) holdTerminal(context.helpers, terminal);
    return { kind: "detached" };
  } finally {
    closeSync(nothing);
  }
}

async function attached(
  context: EngineContext,
  record: ContainerRecord,
  request: ExecRequest,
  options: ExecOptions,
): Promise<ExecEnd> {
  const { signal } = options;
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
  const run = request.terminal ? onTerminal : onStreams;
  return await run(context, record, request, options, aborted.promise);
}

async function onStreams(
  context: EngineContext,
  record: ContainerRecord,
  request: ExecRequest,
  { interactive }: ExecOptions,
  aborted: Promise<never>,
): Promise<ExecEnd> {
  using streams = new ContainerStreams({ interactive });
  using stack = new DisposableStack();
  const [stdin = stack.adopt(openSync("/dev/null", "r"), closeSync), stdout, stderr] = streams.stdio;
  const program = await execInContainer(context, record, request, [stdin, stdout, stderr]);
  streams.begin();
  const exitCode = await Promise.race([program.exited, aborted]);
  // What it left running may keep our pipes open.
  await Promise.race([streams.drained(), Bun.sleep(drainingTime)]);
  return { kind: "exited", exitCode };
}

/** As long as Docker waits for the output of a program that has ended (moby daemon/monitor.go). */
const drainingTime = 2000;

async function onTerminal(
  context: EngineContext,
  record: ContainerRecord,
  request: ExecRequest,
  { interactive, detachKeys }: ExecOptions,
  aborted: Promise<never>,
): Promise<ExecEnd> {
  const { terminal, exited } = await execInContainer(context, record, request, undefined);
  if (terminal === undefined) throw new BerthError("internal", "the program got no terminal");
  using _ = interactive && isTerminal(0) ? rawTerminal(0) : undefined;
  let end: TerminalEnd | undefined;
  try {
    end = await Promise.race([showTerminal(terminal, exited, { interactive, detachKeys }), aborted]);
  } finally {
    if (end !== "ended") holdTerminal(context.helpers, terminal);
  }
  if (end === "ended") return { kind: "exited", exitCode: await exited };
  if (end === "closed") throw new BerthError("interrupted", "the terminal was closed");
  return { kind: "detached" };
}
