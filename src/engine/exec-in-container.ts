import { BerthError, isBerthError } from "../base/errors.ts";
import { ContainerEnded, type JoinedProgram, join } from "../container/join.ts";
import type { ProcessSpec } from "../container/spec.ts";
import type { ContainerRecord } from "../store/types.ts";
import { capabilityNames } from "../sys/capabilities.ts";
import { selfCommand } from "../sys/self-command.ts";
import { confinementOf } from "./confinement.ts";
import { optionsOf } from "./container-record.ts";
import { noDevices, processSpec, seccompProgram } from "./container-spec.ts";
import type { EngineContext } from "./context.ts";
import { sharedOpenFileLimit } from "./open-file-limit.ts";
import { addVariables } from "./resolve-process.ts";
import { notRunning } from "./running-container.ts";

/** A program to be started in a running container; what is undefined is as for the container's own. */
export interface ExecRequest {
  readonly args: readonly string[];
  /** `KEY=VALUE`, or `KEY` to take the caller's value, on top of the container's own. */
  readonly env: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  /** All capabilities that the container's user namespace has. */
  readonly privileged: boolean;
  /** Give it a terminal of its own, of this size where it is known. */
  readonly terminal: boolean;
  readonly windowSize?: { readonly rows: number; readonly columns: number };
  /** Let it run on by itself; `exited` never resolves. */
  readonly detach: boolean;
}

/** Descriptors for a program without a terminal. */
export type ExecStreams = readonly [stdin: number, stdout: number, stderr: number];

/**
 * Starts a program in a running container, for `exec` and health checks. Errors in Docker's words: `conflict` when the
 * container does not run or ends at this moment, `command-not-found` and `command-not-executable`.
 */
export async function execInContainer(
  context: EngineContext,
  record: ContainerRecord,
  request: ExecRequest,
  streams: ExecStreams | undefined,
): Promise<JoinedProgram> {
  const { process: container, cgroup } = record.state;
  if (container === undefined) throw notRunning(record.id);
  const singleIdentity = context.identity.mode === "single";
  const options = optionsOf(record);
  const confinement = confinementOf(options.run);
  const own = processSpec(context, options, {
    openFiles: sharedOpenFileLimit(container.pid),
    confinement,
    devices: noDevices, // they are there; what a specification sets besides is the first program's
  });
  const seccomp = await seccompProgram(confinement, singleIdentity);
  try {
    return await join({
      helpers: context.helpers,
      self: selfCommand(),
      container,
      cgroup: cgroup === undefined ? undefined : await entrance(cgroup, context.env),
      request: {
        process: programSpec(own, request, context.env),
        ...(seccomp ? { seccomp: seccomp.toBase64() } : {}),
        singleIdentity,
        ...(request.windowSize ? { windowSize: request.windowSize } : {}),
      },
      stdio: streams,
      detach: request.detach,
    });
  } catch (error) {
    if (error instanceof ContainerEnded) throw notRunning(record.id);
    // Docker's status for a user that is not there is 126, too (moby daemon/exec.go).
    if (isBerthError(error, "invalid-argument"))
      throw new BerthError("command-not-executable", error.message, {
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    throw error;
  }
}

async function entrance(path: string, env: EngineContext["env"]) {
  const { scopeToEnter } = await import("./container-cgroup.ts");
  return { path, scope: scopeToEnter(path, env), env: { XDG_RUNTIME_DIR: env.XDG_RUNTIME_DIR } };
}

function programSpec(own: ProcessSpec, request: ExecRequest, caller: EngineContext["env"]): ProcessSpec {
  const { init: _, ...rest } = own;
  const variables = new Map<string, string>();
  addVariables(variables, own.env, {});
  if (request.terminal && !variables.has("TERM")) variables.set("TERM", "xterm");
  addVariables(variables, request.env, caller);
  return {
    ...rest,
    args: request.args,
    env: [...variables].map(([name, value]) => `${name}=${value}`),
    cwd: request.workdir ?? own.cwd,
    user: request.user ?? own.user,
    terminal: request.terminal,
    ...(request.privileged ? { capabilities: capabilityNames } : {}),
  };
}
