import { closeSync, openSync } from "node:fs";
import { isBerthError, messageOf } from "../base/errors.ts";
import type { Healthcheck } from "../oci/types.ts";
import type { ContainerHealth } from "../store/types.ts";
import { createPipe } from "../sys/libc.ts";
import { emitContainerEvent } from "./container-event.ts";
import { optionsOf } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { execInContainer } from "./exec-in-container.ts";
import { delayOf, healthAfter, type Probe, probeCommand, startingHealth, timingOf } from "./health-state.ts";

/**
 * Checks the health of a container that has just been started, until disposal, and keeps the result in its record.
 * Whoever runs the container calls it; it never fails.
 */
export function startHealthChecks(context: EngineContext, id: string): AsyncDisposable {
  const stop = new AbortController();
  const over = runHealthChecks(context, id, stop.signal).catch((error: unknown) => {
    // The container was removed, or its record cannot be written: there is nobody to be told.
    if (!isBerthError(error, "not-found")) context.warn(`health checks stopped: ${messageOf(error)}`);
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await over;
    },
  };
}

async function runHealthChecks(context: EngineContext, id: string, signal: AbortSignal): Promise<void> {
  const { healthcheck, shell } = optionsOf(context.store.containers.get(id));
  const command = healthcheck && probeCommand(healthcheck, shell);
  if (command !== undefined) await checkUntilEnd(context, id, { check: healthcheck!, command, signal });
}

interface Checks {
  readonly check: Healthcheck;
  readonly command: readonly string[];
  readonly signal: AbortSignal;
}

async function checkUntilEnd(context: EngineContext, id: string, checks: Checks): Promise<void> {
  const timing = timingOf(checks.check);
  const startedAt = Date.now();
  let health = context.store.containers.get(id).state.health ?? startingHealth;
  for (;;) {
    await pause(delayOf(health, timing, Date.now() - startedAt), checks.signal);
    if (checks.signal.aborted) return;
    // A paused container cannot answer, and is not asked.
    if (context.store.containers.get(id).state.status !== "running") continue;
    const probe = await runProbe(context, id, checks.command, timing.timeout);
    if (checks.signal.aborted) return;
    const next = healthAfter(health, probe, timing, startedAt);
    keep(context, id, next);
    if (next.status !== health.status)
      emitContainerEvent(context, context.store.containers.get(id), `health_status: ${next.status}`);
    health = next;
  }
}

/** What has ended meanwhile has no health. */
function keep(context: EngineContext, id: string, health: ContainerHealth): void {
  context.store.containers.update(id, (state) =>
    state.status === "running" || state.status === "paused" ? { ...state, health } : state,
  );
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}

async function runProbe(
  context: EngineContext,
  id: string,
  command: readonly string[],
  timeout: number,
): Promise<Probe> {
  const start = Date.now();
  try {
    return { start, ...(await ask(context, id, command, timeout)), end: Date.now() };
  } catch (error) {
    return { start, exitCode: -1, output: messageOf(error), end: Date.now() };
  }
}

async function ask(
  context: EngineContext,
  id: string,
  args: readonly string[],
  timeout: number,
): Promise<Pick<Probe, "exitCode" | "output">> {
  using stack = new DisposableStack();
  const [ours, theirs] = createPipe();
  const output = collect(ours);
  stack.use({ [Symbol.dispose]: () => closeSync(theirs) });
  const nothing = stack.adopt(openSync("/dev/null", "r"), closeSync);
  const request = { args, env: [], privileged: false, terminal: false, detach: false };
  const record = context.store.containers.get(id);
  try {
    const program = await execInContainer(context, record, request, [nothing, theirs, theirs]);
    stack.dispose();
    const late = Bun.sleep(timeout).then(() => undefined);
    const exitCode = await Promise.race([program.exited, late]);
    if (exitCode === undefined) {
      process.kill(program.pid, "SIGKILL"); // nobody but us can have reaped it
      await program.exited;
    }
    await Promise.race([output.end, Bun.sleep(drainingTime)]);
    if (exitCode !== undefined) return { exitCode, output: output.text() };
    const said = output.text() === "" ? "" : `: ${output.text()}`;
    return { exitCode: -1, output: `Health check exceeded timeout (${timeout / 1000}s)${said}` };
  } finally {
    await output.stop();
  }
}

/** What is left running by a check may keep its output open. */
const drainingTime = 1000;

/** Bytes of output that are kept of a check, as in Docker. */
const keptOutput = 4096;

/** Keeps the beginning of what comes out of a pipe; the rest is read and dropped. */
function collect(fd: number) {
  const reader = Bun.file(fd).stream().getReader();
  let kept = Buffer.alloc(0);
  let isCut = false;
  const read = async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const room = keptOutput - kept.length;
      kept = Buffer.concat([kept, part.value.subarray(0, room)]);
      isCut ||= part.value.length > room;
    }
  };
  return {
    /** Resolves when nobody can write any more. */
    end: read(),
    text: () => kept.toString() + (isCut ? "..." : ""),
    async stop() {
      await reader.cancel();
      closeSync(fd);
    },
  };
}
