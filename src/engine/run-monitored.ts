import { CleanupStack } from "../base/cleanup-stack.ts";
import { identifyProcess, type ProcessIdentity } from "../sys/process-identity.ts";
import { emitContainerEvent } from "./container-event.ts";
import type { EngineContext } from "./context.ts";
import { createContainer } from "./create-container.ts";
import { attachSession, type SessionEnd, type SessionOptions } from "./monitor/attach-session.ts";
import type { StartOrder } from "./monitor/monitor-container.ts";
import { type Monitor, spawnMonitor } from "./monitor/start-monitor.ts";
import { namespaceModes } from "./namespace-plan.ts";
import { planNetwork } from "./network-attachment.ts";
import { obtainImage, type PullTalk } from "./obtain-image.ts";
import type { RunOptions } from "./run-options.ts";
import { firstProcessOf } from "./running-container.ts";
import { SignalForwarding } from "./signal-forwarding.ts";
import { callersPart } from "./start-container.ts";
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
  const created = await create(context, options, talk, stack, monitor.process);
  const { container, life } = created;
  const { id } = container;
  const caller = callersPart();
  const order = { id, ...caller, ...(await handOver(context, created, monitor, caller)) };
  life.leave();
  if (!attached) {
    const starting = monitor.start(order);
    void import("../sys/exit-now.ts"); // what the end needs is loaded meanwhile
    await starting;
    return { id, end: { kind: "detached" } };
  }
  life.attached();
  const record = context.store.containers.get(id);
  const started = await monitor.start(order, { input: company.input, output: true });
  life.disown();
  signals?.to(() => firstProcessOf(context, id));
  const end = await attachSession(started.connection, started.frames, company);
  if (end.kind === "detached") emitContainerEvent(context, record, "detach");
  return { id, end };
}

/**
 * What the monitor is told of a new container. Where it owns that already, the first start is prepared here, where everything is
 * loaded and open, so that the monitor has it to do later or never.
 */
async function handOver(
  context: EngineContext,
  { container, life, network }: Awaited<ReturnType<typeof create>>,
  monitor: Monitor,
  caller: ReturnType<typeof callersPart>,
): Promise<Pick<StartOrder, "made" | "creator">> {
  if (monitor.process === undefined) {
    const creator = identifyProcess(process.pid);
    return creator ? { creator } : {};
  }
  const namespaces = namespaceModes(container.options.run, network);
  try {
    const { prepareStart } = await import("./prepare-start.ts");
    const surroundings = { namespaces, openFiles: caller.openFiles };
    return {
      made: { container, start: await prepareStart(context, container, surroundings, caller.windowSize) },
    };
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
  const created = await createContainer(context, options, { image, driver, network, monitor }, stack);
  return { ...created, network };
}
