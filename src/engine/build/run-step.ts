import { CleanupStack } from "../../base/cleanup-stack.ts";
import { closeSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { StorageDriver } from "../../base/configuration.ts";
import { BerthError } from "../../base/errors.ts";
import type { RunStep } from "../../build/plan/types.ts";
import type { Digest } from "../../oci/types.ts";
import { OwnerRecording } from "../../container/ownership/start-recorder.ts";
import type { GrownTree } from "../../snapshot/types.ts";
import { createPipe } from "../../sys/libc.ts";
import type { SettledMount, StartableContainer } from "../container-record.ts";
import { newContainerId } from "../container-identity.ts";
import type { EngineContext } from "../context.ts";
import { launchNamespaces } from "../launch-namespaces.ts";
import { prepareStart } from "../prepare-start.ts";
import { planNamespaces } from "../namespace-plan.ts";
import { planNetwork } from "../network-attachment.ts";
import { callersOpenFileLimit } from "../open-file-limit.ts";
import type { NetworkOption, RunOptions } from "../run-options.ts";
import type { RunSurroundings } from "./build-options.ts";

export interface RunRequest {
  readonly step: Pick<RunStep, "args" | "workdir" | "user">;
  readonly env: readonly string[];
  readonly driver: StorageDriver;
  readonly layers: readonly Digest[];
  /** Where its files go; made here, and removed by the caller. */
  readonly directory: string;
  readonly mounts: readonly SettledMount[];
  readonly network: NetworkOption;
  readonly surroundings: RunSurroundings;
  readonly output: (bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs the program of a RUN as `berth run` does, in a container without a record, and answers what it has changed.
 * Throws when it could not be started or did not succeed.
 */
export async function runStep(context: EngineContext, request: RunRequest): Promise<GrownTree> {
  const { step, driver, directory, layers, signal } = request;
  await using stack = new CleanupStack();
  const network = planNetwork(context, request.network);
  const options = runOptions(request);
  const namespaces = stack.use(await planNamespaces(context, options, network));
  mkdirSync(directory, { mode: 0o700 });
  const container: StartableContainer = {
    id: newContainerId(),
    directory,
    options: {
      version: 1,
      run: options,
      driver,
      hostname: request.surroundings.hostname ?? "buildkitsandbox",
      args: step.args,
      env: request.env,
      workdir: step.workdir,
      user: step.user,
      mounts: request.mounts,
    },
    layers,
    firstStart: true,
  };
  const recording =
    context.identity.mode === "single" ? stack.use(new OwnerRecording(context, signal)) : undefined;
  const { request: start, fuse } = await prepareStart(context, container, {
    namespaces: namespaces.modes,
    openFiles: callersOpenFileLimit(),
    recordOwners: recording !== undefined,
  });
  const [ours, theirs] = createPipe();
  const drained = drain(ours, request.output).finally(() => closeSync(ours));
  stack.defer(() => drained); // after the end of everybody who can write
  const launching = stack.use(
    launchNamespaces(context, namespaces, [undefined, theirs, theirs], fuse, recording?.whenLaunched),
  );
  closeSync(theirs);
  const stop = () => void launching[Symbol.asyncDispose]().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  stack.defer(() => signal.removeEventListener("abort", stop));
  signal.throwIfAborted();
  const launched = await launching.start(start, network.attach?.(container, stack));
  const status = await launched.exited;
  await drained;
  signal.throwIfAborted();
  if (status !== 0)
    throw new BerthError(
      "invalid-argument",
      `process ${JSON.stringify(step.args.join(" "))} did not complete successfully: exit code: ${status}`,
    );
  const whole = driver === "copy";
  return {
    directory: join(directory, whole ? "merged" : "upper"),
    form: whole ? "whole" : "upper",
    layers: layers.map((diffId) => context.store.layers.path(diffId)),
  };
}

function runOptions({ network, surroundings }: RunRequest): RunOptions {
  return {
    image: "",
    command: [],
    remove: true,
    interactive: false,
    terminal: false,
    env: [],
    mounts: [],
    readOnly: false,
    labels: {},
    pull: "never",
    init: false,
    network,
    ...surroundings,
  };
}

async function drain(descriptor: number, output: (bytes: Uint8Array) => void): Promise<void> {
  for await (const chunk of Bun.file(descriptor).stream()) output(chunk);
}
