import { BerthError, messageOf } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import type { ContainerState, ImageRecord } from "../store/types.ts";
import { identifyProcess } from "../sys/process-identity.ts";
import { insertContainer } from "./container-identity.ts";
import type { ContainerOptions } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { removeContainerObjects } from "./remove-container-objects.ts";
import type { RunOptions } from "./run-options.ts";

const now = () => new Date().toISOString();

/**
 * The record of a container that this process runs, from *created* to *exited*. Disposal removes the container when
 * that was asked for (`--rm`) or when it did not get as far as being complete. Without a store (it cannot be written) there is only the directory.
 */
export class ContainerLife implements AsyncDisposable {
  readonly id: string;
  readonly #context: EngineContext;
  readonly #store: Store | undefined;
  readonly #directory: string;
  readonly #removeAtEnd: boolean;
  #complete = false;

  constructor(
    context: EngineContext,
    store: Store | undefined,
    container: { readonly id: string; readonly directory: string; readonly remove: boolean },
  ) {
    this.id = container.id;
    this.#context = context;
    this.#store = store;
    this.#directory = container.directory;
    this.#removeAtEnd = container.remove;
  }

  /** Throws `conflict` when the name is taken. */
  begin(image: ImageRecord, options: RunOptions, details: ContainerOptions): void {
    if (this.#store === undefined) return;
    const monitor = identifyProcess(process.pid);
    insertContainer(
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
  }

  /** Everything is there; from now on the container outlives a failure unless it is a `--rm` one. */
  complete(): void {
    this.#complete = true;
  }

  started(pid: number): void {
    const identity = identifyProcess(pid);
    this.#store?.containers.update(this.id, (state) => ({
      ...state,
      status: "running",
      startedAt: now(),
      ...(identity ? { process: identity } : {}),
    }));
  }

  exited(exitCode: number): void {
    this.#update(({ startedAt }) => ({
      status: "exited",
      exitCode,
      finishedAt: now(),
      ...(startedAt === undefined ? {} : { startedAt }),
    }));
  }

  /** The program could not be started: the container stays *created*, with the reason, as Docker keeps it. */
  failed(error: unknown): void {
    const notFound = error instanceof BerthError && error.code === "command-not-found";
    this.#update(() => ({ status: "created", exitCode: notFound ? 127 : 128, error: messageOf(error) }));
  }

  #update(change: (state: ContainerState) => ContainerState): void {
    if (!this.#removeAtEnd) this.#store?.containers.update(this.id, change);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#removeAtEnd || !this.#complete)
      await removeContainerObjects(this.#context, this.#store, this.id, this.#directory);
  }
}
