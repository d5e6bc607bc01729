import { O } from "../sys/kernel-numbers.ts";
import { BerthError } from "../base/errors.ts";
import { randomHex } from "../sys/random-hex.ts";
import type { JoinedProgram } from "../container/join.ts";
import { close, open } from "../sys/files.ts";
import { isTerminal } from "../sys/libc.ts";
import { emitContainerEvent } from "./container-event.ts";
import { ContainerStreams, rawTerminal, windowSize } from "./container-streams.ts";
import type { EngineContext } from "./context.ts";
import { type ExecRequest, execInContainer } from "./exec-in-container.ts";
import { noteExec } from "./exec-sessions.ts";
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
  const start: Start = async (streams) => {
    const program = await execInContainer(context, record, request, streams);
    const note = noteExec(context.directories, { container: record.id, execID, pid: program.pid });
    const forget = () => note[Symbol.dispose]();
    void program.exited.then(forget, forget);
    return program;
  };
  const end = await (request.detach ? startDetached(context, start) : attached(context, start, options));
  if (end.kind === "exited") tell("exec_die", { exitCode: String(end.exitCode) });
  else if (!request.detach) tell("exec_detach");
  return end;
}

type Start = (streams: Parameters<typeof execInContainer>[3]) => Promise<JoinedProgram>;

async function startDetached(context: EngineContext, start: Start): Promise<ExecEnd> {
  const nothing = open("/dev/null", O.RDWR);
  try {
    const { terminal } = await start([nothing, nothing, nothing]);
    if (terminal !== undefined) holdTerminal(context.helpers, terminal);
    return { kind: "detached" };
  } finally {
    close(nothing);
  }
}

async function attached(context: EngineContext, start: Start, options: ExecOptions): Promise<ExecEnd> {
  const { signal, request } = options;
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
  const run = request.terminal ? onTerminal : onStreams;
  return await run(context, start, options, aborted.promise);
}

async function onStreams(
  _: EngineContext,
  start: Start,
  { interactive }: ExecOptions,
  aborted: Promise<never>,
): Promise<ExecEnd> {
  using streams = new ContainerStreams({ interactive });
  using stack = new DisposableStack();
  const [stdin = stack.adopt(open("/dev/null", O.RDONLY), close), stdout, stderr] = streams.stdio;
  const program = await start([stdin, stdout, stderr]);
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
  start: Start,
  { interactive, detachKeys }: ExecOptions,
  aborted: Promise<never>,
): Promise<ExecEnd> {
  const { terminal, exited } = await start(undefined);
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
