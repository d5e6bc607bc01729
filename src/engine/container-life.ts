import { BerthError, messageOf } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import type { ContainerHealth, ContainerRecord, ContainerState, ImageRecord } from "../store/types.ts";
import type { HeldLock } from "../sys/flock.ts";
import { identifyProcess } from "../sys/process-identity.ts";
import { emitContainerEvent, emitEnd, emitStart } from "./container-event.ts";
import { insertContainer } from "./container-identity.ts";
import type { ContainerOptions } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { removeContainerObjects } from "./remove-container-objects.ts";
import { holdOwnership } from "./ownership.ts";
import type { RunOptions } from "./run-options.ts";
import { startingHealth } from "./health-state.ts";

const now = () => new Date().toISOString();

/**
 * The record of a container that this process makes or runs. Disposal removes the container when that was asked for
 * (`--rm`) or when it did not get as far as being complete. One that is not recorded, because the store cannot be
 * written, is only its directory.
 */
export class ContainerLife implements AsyncDisposable {
  readonly id: string;
  readonly #context: EngineContext;
  readonly #recorded: boolean;
  readonly #directory: string;
  #removeAtEnd: boolean;
  #complete = false;
  #ownership: HeldLock | undefined;
  /** Until it is told. */
  #creation: ContainerRecord | undefined;
  /** As this process last wrote it. */
  #record: ContainerRecord | undefined;

  constructor(
    context: EngineContext,
    container: {
      readonly id: string;
      readonly directory: string;
      readonly remove: boolean;
      readonly recorded: boolean;
    },
  ) {
    this.id = container.id;
    this.#context = context;
    this.#recorded = container.recorded;
    this.#directory = container.directory;
    this.#removeAtEnd = container.remove;
  }

  get #store(): Store | undefined {
    return this.#recorded ? this.#context.store : undefined;
  }

  /** Throws `conflict` when the name is taken. */
  begin(
    image: ImageRecord,
    options: RunOptions,
    details: ContainerOptions,
    monitor = identifyProcess(process.pid),
  ): void {
    if (this.#store === undefined) return;
    this.#ownership = holdOwnership(this.#store, this.id);
    this.#record = insertContainer(
      this.#store,
      {
        id: this.id,
        imageId: image.id,
        image: options.image,
        createdAt: now(),
        command: details.args,
        labels: { ...image.config.config?.Labels, ...options.labels },
        options: details,
        state: { status: "created", ...(monitor ? { monitor } : {}) },
      },
      options.name,
    );
    this.#creation = this.#record;
  }

  /** Everything is there; from now on the container outlives a failure unless it is a `--rm` one. */
  complete(): void {
    this.#complete = true;
  }

  /** That it was created: told when there is time, and before anything else is. */
  created(): void {
    if (this.#complete && this.#creation !== undefined)
      emitContainerEvent(this.#context, this.#creation, "create");
    this.#creation = undefined;
  }

  /** Nobody runs the container until it is started. */
  rest(): void {
    this.#store?.containers.update(this.id, () => ({ status: "created" }));
    this.leave();
  }

  /** Whoever started it since has its end in hand. */
  leave(): void {
    this.created(); // before whoever starts it tells of that
    this.#removeAtEnd = false;
  }

  /** Its monitor, which has begun, is the only owner now. */
  disown(): void {
    this.#ownership?.release();
  }

  /** Whoever made the container gets its streams. */
  attached(): void {
    this.created();
    if (this.#record !== undefined) emitContainerEvent(this.#context, this.#record, "attach");
  }

  /** With the check of its health, whose first result is still to come. */
  started(pid: number, check: ContainerOptions["healthcheck"]): void {
    const identity = identifyProcess(pid);
    const isChecked = check !== undefined && check.Test?.[0] !== "NONE";
    this.#record = this.#store?.containers.update(
      this.id,
      ({ monitor, restarts, asked, finishedAt, cgroup, ports, health }) => ({
        ...given({ monitor, restarts, finishedAt, cgroup, ports, process: identity }),
        ...(isChecked ? { health: { ...startingHealth, log: health?.log ?? [] } } : {}),
        ...(asked === "stop" ? { asked } : {}),
        status: "running",
        startedAt: now(),
      }),
    );
    if (this.#record !== undefined) emitStart(this.#context, this.#record);
  }

  exited(exitCode: number): void {
    this.#store?.useReserve();
    this.#update((state) => ({ ...past(state), status: "exited", exitCode, finishedAt: now() }));
    this.#tellEnd(exitCode);
  }

  /** It ended and will be started again: by its restart policy, or because somebody asked for it. */
  restarting(exitCode: number, by: "policy" | "person"): void {
    this.#update(({ monitor, startedAt, asked, oomKilled, health, restarts = 0 }) => ({
      ...given({ monitor, startedAt, oomKilled, health: health && ended(health) }),
      ...(asked === "stop" ? { asked } : {}),
      status: "restarting",
      exitCode,
      finishedAt: now(),
      restarts: by === "policy" ? restarts + 1 : 0,
    }));
    this.#tellEnd(exitCode);
  }

  /** The program could not be started: the container stays as it was, with the reason, as Docker keeps it. */
  failed(error: unknown): void {
    const notFound = error instanceof BerthError && error.code === "command-not-found";
    const status = { exitCode: notFound ? 127 : 128, error: messageOf(error) };
    this.#update((state) =>
      state.startedAt === undefined
        ? { status: "created", ...status }
        : { ...past(state), status: "exited", finishedAt: now(), ...status },
    );
  }

  /** Once for each start. */
  #tellEnd(exitCode: number): void {
    if (this.#record !== undefined) emitEnd(this.#context, this.#record, exitCode);
    this.#record = undefined;
  }

  #update(change: (state: ContainerState) => ContainerState): void {
    if (!this.#removeAtEnd) this.#store?.containers.update(this.id, change);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#store?.useReserve();
    this.created();
    if (this.#removeAtEnd || !this.#complete)
      await removeContainerObjects(this.#context, this.#store, this.id, this.#directory);
    this.disown();
  }
}

/** What is still true of a container when its process is gone. */
function past({
  startedAt,
  restarts,
  oomKilled,
  health,
}: ContainerState): Pick<ContainerState, "startedAt" | "restarts" | "oomKilled" | "health"> {
  return given({ startedAt, restarts, oomKilled, health: health && ended(health) });
}

/** With its last checks; scripts ask for `.State.Health.Status` until it is one that they know. */
const ended = (health: ContainerHealth): ContainerHealth => ({ ...health, status: "unhealthy" });

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const result = { ...values };
  for (const key in result) if (result[key] === undefined) delete result[key];
  return result as { [K in keyof T]?: Exclude<T[K], undefined> };
}
