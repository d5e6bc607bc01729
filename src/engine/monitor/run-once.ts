import { CleanupStack } from "../../base/cleanup-stack.ts";
import type { FuseMount } from "../../container/namespace-command.ts";
import type { ContainerLog } from "../../container/container-log.ts";
import type { NetworkAttachment } from "../../container/launch.ts";
import type { NamespaceModes, ProcessSpec } from "../../container/spec.ts";
import { tryReadLink } from "../../sys/files.ts";
import { AT_FDCWD } from "../../sys/libc.ts";
import type { ContainerCgroup } from "../container-cgroup.ts";
import { emitContainerEvent } from "../container-event.ts";
import { optionsOf } from "../container-record.ts";
import type { EngineContext } from "../context.ts";
import type { StartableContainer } from "../container-record.ts";
import { launchNamespaces } from "../launch-namespaces.ts";
import { planNamespaces } from "../namespace-plan.ts";
import { planNetwork } from "../network-attachment.ts";
import { endBegun, takeBegun } from "../head-start.ts";
import type { PreparedStart } from "../prepare-start.ts";
import type { Attachments } from "./attachments.ts";
import { ContainerPipes } from "./container-pipes.ts";
import { MonitoredStreams } from "./monitored-streams.ts";

/** What one run of a container needs from its monitor. */
export interface Run {
  readonly container: StartableContainer;
  /** By whoever has just made the container; else it is made ready here. */
  readonly prepared: PreparedStart | undefined;
  readonly openFiles: ProcessSpec["openFiles"] | undefined;
  readonly windowSize: { readonly rows: number; readonly columns: number } | undefined;
  readonly log: ContainerLog | undefined;
  readonly attachments: Attachments;
  /** They are there before the program starts, so that input can be kept for it. */
  readonly onStreams: (streams: MonitoredStreams) => void;
  /** Called when init has its orders, and this process nothing to do until they are carried out. */
  readonly meanwhile: () => void;
  readonly onStarted: (pid: number) => void;
}

/**
 * Runs a container once, from its namespaces to the end of its last process, and answers its exit status. Everything
 * that was made for this run is gone when it resolves. Rejects when the program could not be started.
 */
export async function runOnce(context: EngineContext, run: Run): Promise<number> {
  const { container, prepared } = run;
  const { options } = container;
  await using stack = new CleanupStack();
  const network = planNetwork(context, options.run.network);
  const namespaces = stack.use(await planNamespaces(context, options.run, network));
  const cgroup = stack.use(await containerCgroup(context, container, prepared !== undefined));
  const { driver } = options;
  const streamOptions = { ...options.run, storageDriver: driver };
  // Only an ordinary container has a head start (start-monitor.ts), but `update` may have set a limit since.
  if (cgroup !== undefined) await endBegun();
  const begun = stack.use(await takeBegun(ContainerPipes, streamOptions, namespaces, context.identity));
  const pipes = begun?.streams ?? new ContainerPipes(options.run);
  const streams = stack.use(new MonitoredStreams(pipes, run.log, () => run.attachments));
  run.onStreams(streams);
  const launchWith = (fuse?: FuseMount) =>
    begun?.launching ??
    stack.use(launchNamespaces(context, namespaces, pipes.stdio, fuse, cgroup && { cgroup: cgroup.path }));
  const early = driver === "fuse-overlayfs" ? undefined : launchWith();
  const { request, fuse } = prepared ?? (await prepare(context, run, namespaces.modes));
  const launching = early ?? launchWith(fuse);
  const starting = launching.start(request, both(cgroup?.settle, network.attach?.(container, stack)));
  starting.catch(() => undefined); // ends with the stack when one of the next lines throws
  streams.begin();
  run.meanwhile();
  const launched = await starting;
  const ended = launched.exited.then(
    () => true,
    () => true,
  );
  if (launched.terminal !== undefined) streams.beginTerminal(launched.terminal, ended);
  // A program that the kernel refuses is an error of the start, and is told to whoever asked for it.
  if (!(await becameProgram(launched.pid, ended))) await launched.exited;
  cgroup?.limitProgram();
  run.onStarted(launched.pid);
  if (options.healthcheck) {
    const { startHealthChecks } = await import("../health.ts");
    stack.use(startHealthChecks(context, container.id));
  }
  const exitCode = await launched.exited;
  await streams.drained();
  if (cgroup?.ranOutOfMemory()) tellOutOfMemory(context, container.id);
  return exitCode;
}

/** Loads what a monitor does not need whose container was made ready by its creator, and ran once. */
async function prepare(
  context: EngineContext,
  { container, openFiles, windowSize }: Run,
  namespaces: NamespaceModes,
): Promise<PreparedStart> {
  const { prepareStart } = await import("../prepare-start.ts");
  return prepareStart(context, container, { namespaces, openFiles }, windowSize);
}

/** One that was asked for; its limits are those of now, which `update` may have changed, but for a new one's first run. */
async function containerCgroup(
  context: EngineContext,
  { id, options }: StartableContainer,
  isNew: boolean,
): Promise<ContainerCgroup | undefined> {
  const { run } = isNew ? options : optionsOf(context.store.containers.get(id));
  if (run.resources === undefined && run.cgroupParent === undefined) return undefined;
  const { openContainerCgroup } = await import("../container-cgroup.ts");
  const cgroup = openContainerCgroup(id, run);
  context.store.containers.update(id, (state) => ({ ...state, cgroup: cgroup.path }));
  return cgroup;
}

function tellOutOfMemory(context: EngineContext, id: string): void {
  const record = context.store.containers.update(id, (state) => ({ ...state, oomKilled: true }));
  emitContainerEvent(context, record, "oom");
}

/** What is done to the first process before its program runs, one after the other. */
function both(
  first: NetworkAttachment | undefined,
  second: NetworkAttachment | undefined,
): NetworkAttachment | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return async (pid) => {
    await first(pid);
    await second(pid);
  };
}

/** execve(2) takes half a millisecond, and a timer would be late: so often is looked without one. */
const quickLooks = 100;
const pollInterval = 1;

/** Waits until init has become the program; false when it ended before. */
async function becameProgram(pid: number, ended: Promise<boolean>): Promise<boolean> {
  const own = tryReadLink(AT_FDCWD, "/proc/self/exe");
  for (let look = 1; ; look++) {
    const program = tryReadLink(AT_FDCWD, `/proc/${pid}/exe`);
    if (typeof program === "number") return false; // gone, with or without having been the program
    if (program !== own) return true;
    if (look < quickLooks) continue;
    if (await Promise.race([ended, Bun.sleep(pollInterval).then(() => false)])) return false;
  }
}
