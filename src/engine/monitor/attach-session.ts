import { BerthError, BrokenPipe } from "../../base/errors.ts";
import { isTerminal } from "../../sys/libc.ts";
import { SystemCallError } from "../../sys/system-call-error.ts";
import { chunksOf, rawTerminal, windowSize, writeAllTo } from "../container-streams.ts";
import { DetachSearch } from "../detach-keys.ts";
import type { Connection } from "./connection.ts";
import { bodyOf, type Frame } from "./frames.ts";

export interface SessionOptions {
  /** What is typed goes to the container. */
  readonly input: boolean;
  /** The container has a terminal. */
  readonly terminal: boolean;
  /** Which of the container's streams are shown. */
  readonly output: { readonly stdout: boolean; readonly stderr: boolean };
  /** Only with a terminal. */
  readonly detachKeys: Uint8Array;
  readonly signal?: AbortSignal;
}

export type SessionEnd =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "detached" };

/**
 * Connects the person's streams with a container's, until it ends or the person leaves. Throws `MonitorGone` when
 * its monitor ends without a word, and what `signal` was aborted with.
 */
export async function attachSession(
  connection: Connection,
  frames: AsyncIterable<Frame>,
  options: SessionOptions,
): Promise<SessionEnd> {
  using stack = new DisposableStack();
  stack.defer(() => connection.close());
  const left = Promise.withResolvers<SessionEnd>();
  const abort = () => left.reject(options.signal?.reason);
  options.signal?.addEventListener("abort", abort, { once: true });
  stack.defer(() => options.signal?.removeEventListener("abort", abort));
  if (options.terminal) followWindowSize(connection, stack);
  if (options.input) {
    if (options.terminal && isTerminal(0)) stack.use(rawTerminal(0));
    void passInput(connection, options).then((detached) => {
      if (detached) left.resolve({ kind: "detached" });
    });
  }
  return await Promise.race([left.promise, showOutput(frames, options)]);
}

async function showOutput(frames: AsyncIterable<Frame>, { output }: SessionOptions): Promise<SessionEnd> {
  for await (const frame of frames) {
    if (frame.kind === "stdout" && output.stdout) await show(1, frame.payload);
    else if (frame.kind === "stderr" && output.stderr) await show(2, frame.payload);
    else if (frame.kind === "exited") return { kind: "exited", ...bodyOf<{ exitCode: number }>(frame) };
  }
  throw new MonitorGone("internal", "the container's monitor was killed, and the container with it");
}

export class MonitorGone extends BerthError {}

/** Whoever does not look any more is not attached any more: the error ends the session, and the command. */
async function show(fd: 1 | 2, bytes: Uint8Array): Promise<void> {
  const written = await writeAllTo(fd, bytes).catch((error: NodeJS.ErrnoException) => {
    const { meaning } = new SystemCallError("write", -(error.errno ?? 0));
    throw new BerthError("denied", `cannot write to ${fd === 1 ? "stdout" : "stderr"}: ${meaning}`, {
      cause: error,
    });
  });
  if (!written) throw new BrokenPipe();
}

/** True when the person typed the detach keys. */
async function passInput(connection: Connection, { terminal, detachKeys }: SessionOptions): Promise<boolean> {
  const search = new DetachSearch(terminal ? detachKeys : new Uint8Array());
  for await (const chunk of chunksOf(0)) {
    const { passed, detached } = search.push(chunk);
    if (passed.length > 0) connection.send("input", passed);
    if (detached) {
      connection.send("detach");
      await connection.flushed();
      return true;
    }
    await connection.drained();
  }
  connection.send("input-end");
  return false;
}

function followWindowSize(connection: Connection, stack: DisposableStack): void {
  const tell = () => {
    const size = windowSize(1);
    if (size) connection.send("resize", size);
  };
  process.on("SIGWINCH", tell);
  stack.defer(() => void process.removeListener("SIGWINCH", tell));
  tell();
}
