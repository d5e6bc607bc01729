import { CleanupStack } from "../base/cleanup-stack.ts";
import type { ProcessIdentity } from "../sys/process-identity.ts";
import { emitContainerEvent } from "./container-event.ts";
import type { EngineContext } from "./context.ts";
import type { ContainerLife } from "./container-life.ts";
import type { StartableContainer } from "./container-record.ts";
import { windowSize } from "./container-streams.ts";
import { createContainer } from "./create-container.ts";
import { attachSession, type SessionEnd, type SessionOptions } from "./monitor/attach-session.ts";
import { type Monitor, spawnMonitor } from "./monitor/start-monitor.ts";
import { namespaceModes } from "./namespace-plan.ts";
import { planNetwork } from "./network-attachment.ts";
import { obtainImage, type PullTalk } from "./obtain-image.ts";
import { callersOpenFileLimit } from "./open-file-limit.ts";
import type { PreparedStart } from "./prepare-start.ts";
import type { RunOptions } from "./run-options.ts";
import { firstProcessOf } from "./running-container.ts";
import { SignalForwarding } from "./signal-forwarding.ts";
import { startWith } from "./start-container.ts";
import { chooseDriver } from "./storage-driver.ts";

/** How the caller stays with a container that it starts: not at all, or attached. */
export type Company =
  | { readonly kind: "detached" }
  | (SessionOptions & {
      readonly kind: "attached" /** Signals go to the program. */;
      readonly proxy: boolean;
    });

/** Creates a container that is not started, and answers its id. */
export async function createOnly(
  context: EngineContext,
  options: RunOptions,
  talk: PullTalk,
): Promise<string> {
  await using stack = new CleanupStack();
  const { container, life } = await create(context, options, talk, stack);
  life.rest();
  return container.id;
}

/** Creates a container and has a monitor of its own run it. */
export async function runMonitored(
  context: EngineContext,
  options: RunOptions,
  talk: PullTalk,
  company: Company,
): Promise<{ readonly id: string; readonly end: SessionEnd }> {
  await using stack = new CleanupStack();
  // It gets ready while the image is looked for.
  const monitor: Monitor = stack.use(await spawnMonitor(context, options));
  const attached = company.kind === "attached";
  const signals = attached && company.proxy ? new SignalForwarding() : undefined;
  const { container, life } = await create(context, options, talk, stack, monitor.process);
  const { id } = container;
  const record = context.store.containers.get(id);
  const made = monitor.process && { container, start: await prepareFirstStart(context, container, life) };
  life.leave();
  if (attached) life.attached();
  const starting = startWith(
    monitor,
    { ...record, ...(made ? { made } : {}) },
    attached ? { input: company.input, output: true } : undefined,
  );
  if (!attached) {
    void import("../sys/exit-now.ts"); // what the end needs is loaded meanwhile
    await starting;
    return { id, end: { kind: "detached" } };
  }
  const started = await starting;
  signals?.to(() => firstProcessOf(context, id));
  const end = await attachSession(started.connection, started.frames, company);
  if (end.kind === "detached") emitContainerEvent(context, record, "detach");
  return { id, end };
}

/** Here, where everything is loaded and open, so that the monitor has it to do later or never. */
async function prepareFirstStart(
  context: EngineContext,
  container: StartableContainer,
  life: ContainerLife,
): Promise<PreparedStart> {
  const { run } = container.options;
  const surroundings = {
    namespaces: namespaceModes(run, planNetwork(context, run.network)),
    openFiles: callersOpenFileLimit(),
  };
  try {
    const { prepareStart } = await import("./prepare-start.ts");
    return await prepareStart(context, container, surroundings, windowSize(1));
  } catch (error) {
    life.failed(error);
    throw error;
  }
}

async function create(
  context: EngineContext,
  options: RunOptions,
  talk: PullTalk,
  stack: CleanupStack,
  monitor?: ProcessIdentity,
) {
  const { driver } = await chooseDriver(context, options.storageDriver, options.userns);
  const network = planNetwork(context, options.network);
  const image = await obtainImage(context, options, talk);
  talk.signal?.throwIfAborted();
  return createContainer(context, options, { image, driver, network, monitor }, stack);
}
