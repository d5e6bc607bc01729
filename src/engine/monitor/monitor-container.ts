import { BerthError } from "../../base/errors.ts";
import type { ProcessSpec } from "../../container/spec.ts";
import type { ContainerRecord } from "../../store/types.ts";
import { identifyProcess, isAlive, type ProcessIdentity } from "../../sys/process-identity.ts";
import { ContainerLife } from "../container-life.ts";
import { openContainerLog } from "../container-logging.ts";
import { type ContainerOptions, optionsOf, type StartableContainer } from "../container-record.ts";
import type { EngineContext } from "../context.ts";
import { holdOwnership, isOwnedElsewhere, ownedElsewhere } from "../ownership.ts";
import type { PreparedStart } from "../prepare-start.ts";
import type { RestartPolicy } from "../run-options.ts";
import { Attachments } from "./attachments.ts";
import type { MonitoredStreams } from "./monitored-streams.ts";
import { restartDelay } from "./restart-policy.ts";
import { type Run, runOnce } from "./run-once.ts";

/** What a monitor is started for. */
export interface StartOrder {
  readonly id: string;
  /** Whoever has just created the container, and owns it until now. */
  readonly creator?: ProcessIdentity;
  /** The container has been made for this monitor, which owns it already, and its first start is prepared. */
  readonly made?: { readonly container: StartableContainer; readonly start: PreparedStart };
  readonly openFiles?: ProcessSpec["openFiles"];
  readonly windowSize?: { readonly rows: number; readonly columns: number };
}

/** The client that the monitor was started by. */
export interface Starter {
  /** It is served like the others. */
  attach(attachments: Attachments): void;
  /** The program runs. */
  started(pid: number): void;
}

const never: RestartPolicy = { name: "no", maximumRetries: 0 };

/** Runs a container as long as its restart policy says, with everything that belongs to it. */
export async function monitorContainer(
  context: EngineContext,
  order: StartOrder,
  starter: Starter,
): Promise<void> {
  let isOwned = order.made === undefined;
  const container = order.made?.container ?? startable(context, await claim(context, order));
  let streams: MonitoredStreams | undefined;
  let wake: () => void = () => undefined;
  using attachments = new Attachments(context.directories, container.id, {
    input: async (bytes) => streams?.input(bytes),
    endInput: () => {
      if (container.options.run.stdinOnce === true) streams?.endInput();
    },
    resize: (size) => streams?.resize(size),
    wake: () => wake(),
  });
  starter.attach(attachments);
  const exitCode = await runUntilItStays(context, container, {
    prepared: order.made?.start,
    openFiles: order.openFiles,
    windowSize: order.windowSize,
    attachments,
    onStreams: (made) => {
      streams = made;
    },
    meanwhile: () => {
      attachments.listen();
      if (!isOwned) holdOwnership(context.store, container.id); // whoever made the container has it until now
      isOwned = true;
      context.store.containers.find(container.id); // opens it
    },
    onStarted: (pid) => starter.started(pid),
    pause: async (delay) => {
      const woken = Promise.withResolvers<void>();
      wake = woken.resolve;
      await Promise.race([woken.promise, Bun.sleep(delay)]);
    },
  });
  await attachments.end(exitCode);
}

type Surroundings = Omit<Run, "container" | "log"> & {
  /** Waits that many milliseconds, or until somebody asks for something. */
  readonly pause: (delay: number) => Promise<void>;
};

/** Runs a container until its policy lets it be; its record tells the end, or it is gone, when this resolves. */
async function runUntilItStays(
  context: EngineContext,
  made: StartableContainer,
  surroundings: Surroundings,
): Promise<number> {
  const { id, directory, options } = made;
  await using life = new ContainerLife(context, {
    id,
    directory,
    remove: options.run.remove,
    recorded: true,
  });
  life.complete();
  const log = openContainerLog(directory, options.run);
  using _ = { [Symbol.dispose]: () => log?.close() };
  let { firstStart } = made;
  let { prepared } = surroundings;
  let previousDelay: number | undefined;
  for (;;) {
    let startedAt = 0;
    let exitCode: number;
    try {
      exitCode = await runOnce(context, {
        ...surroundings,
        container: { ...made, firstStart },
        prepared,
        log,
        onStarted: (pid) => {
          startedAt = performance.now();
          life.started(pid, made.options.healthcheck);
          surroundings.onStarted(pid);
        },
      });
    } catch (error) {
      surroundings.attachments.stopListening();
      life.failed(error);
      throw error;
    }
    firstStart = false;
    prepared = undefined;
    const { containers } = context.store;
    const now = containers.get(id);
    const { asked, restarts = 0 } = now.state;
    const delay = restartDelay(optionsOf(now).run.restart ?? never, {
      exitCode,
      ranFor: performance.now() - startedAt,
      stopped: asked !== undefined,
      restarts,
      previousDelay,
    });
    if (asked === "restart") {
      life.restarting(exitCode, "person");
      surroundings.attachments.runEnded(exitCode);
    } else if (delay !== undefined) {
      life.restarting(exitCode, "policy");
      surroundings.attachments.runEnded(exitCode);
      await surroundings.pause(delay);
      previousDelay = delay;
    }
    if (containers.get(id).state.asked === "stop" || (asked !== "restart" && delay === undefined)) {
      surroundings.attachments.stopListening();
      life.exited(exitCode);
      return exitCode;
    }
  }
}

function startable({ store }: EngineContext, { id, options, state }: ContainerRecord): StartableContainer {
  return {
    id,
    directory: store.layout.container(id),
    options: options as ContainerOptions,
    layers: store.containers.layersOf(id),
    firstStart: state.startedAt === undefined,
  };
}

/**
 * Makes this process the container's monitor. Throws `conflict` when it has one. Waits for a `cp` that has the files of
 * the stopped container in hand (copy-place.ts).
 */
async function claim({ store }: EngineContext, { id, creator }: StartOrder): Promise<ContainerRecord> {
  using _ = await store.lockObject(`container:${id}`);
  const before = store.containers.get(id);
  if (isOwnedElsewhere(store, before)) throw ownedElsewhere(before);
  holdOwnership(store, id);
  const monitor = identifyProcess(process.pid)!;
  return store.containers.update(
    id,
    ({ process: _process, asked: _asked, restarts: _restarts, ...state }) => {
      if (state.status === "removing")
        throw new BerthError("conflict", "container is marked for removal and cannot be started");
      const owner = state.monitor;
      if (owner && isAlive(owner) && !(owner.pid === creator?.pid && owner.startTime === creator.startTime))
        throw new BerthError("conflict", `container ${id} is already running`);
      return { ...state, monitor };
    },
  );
}
