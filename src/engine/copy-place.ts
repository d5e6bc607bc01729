import { BerthError } from "../base/errors.ts";
import type { CopyPlace } from "../container/copy/protocol.ts";
import type { ContainerRecord } from "../store/types.ts";
import { isAlive } from "../sys/process-identity.ts";
import { containerMounts } from "./container-mounts.ts";
import { containerRoot } from "./container-root.ts";
import { optionsOf } from "./container-record.ts";
import { currentContainer } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";
import { isActive, settle } from "./reconcile-containers.ts";

/** Where the files of a container are to be had. Until disposal nobody starts or removes one that does not run. */
export interface HeldPlace extends Disposable {
  readonly container: ContainerRecord;
  readonly place: CopyPlace;
}

/** Throws `not-found`, and `conflict` where the container waits to be restarted. */
export async function findCopyPlace(
  context: EngineContext,
  idOrName: string,
  signal?: AbortSignal,
): Promise<HeldPlace> {
  const { store } = context;
  const { id } = await currentContainer(context, idOrName);
  for (;;) {
    signal?.throwIfAborted();
    using stack = new DisposableStack();
    stack.use(await store.lockObject(`container:${id}`, signal));
    const container = store.containers.get(id);
    if (!isActive(container)) await settle(context, container);
    const place = isActive(container) ? runningPlace(container) : await stoppedPlace(context, container);
    const held = stack.move();
    // A container that runs need not be held: the worker looks whether it still does.
    if (place?.kind !== "stopped") held.dispose();
    if (place !== undefined) return { container, place, [Symbol.dispose]: () => held.dispose() };
    await Bun.sleep(pollInterval); // it is starting or stopping
  }
}

const pollInterval = 10;

function runningPlace({ id, state }: ContainerRecord): CopyPlace | undefined {
  if (state.status === "restarting") {
    throw new BerthError("conflict", `Container ${id} is restarting, wait until the container is running`);
  }
  const { process } = state;
  const isUp = state.status === "running" || state.status === "paused";
  return isUp && process !== undefined && isAlive(process) ? { kind: "running", process } : undefined;
}

/** As init would mount it, but for what only a running container has. */
async function stoppedPlace(
  context: EngineContext,
  { id, options, state }: ContainerRecord,
): Promise<CopyPlace> {
  const { containers, layout } = context.store;
  const details = optionsOf({ options });
  const { mounts, run } = details;
  const directory = layout.container(id);
  const layers = containers.layersOf(id);
  const root = await containerRoot(context, { directory, options: details, layers }, false);
  return {
    kind: "stopped",
    root,
    mounts: [
      // A tmpfs begins empty.
      ...containerMounts(context.store, mounts, state.startedAt === undefined).filter(
        (mount) => mount.kind === "bind",
      ),
      ...(run.readOnly ? [{ kind: "protect-root" } as const] : []),
    ],
  };
}
