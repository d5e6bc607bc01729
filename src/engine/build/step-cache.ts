import type { StoredLayer } from "../../image/add-layer.ts";
import type { CachedStep } from "../../store/build-cache-table.ts";
import type { Lease } from "../../store/locks.ts";
import type { Store } from "../../store/store.ts";

/** A digest over what a step is and what it stands on; equal keys mean equal results. */
export function cacheKey(...parts: readonly unknown[]): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Steps that are known elsewhere (`--cache-from`). */
export interface CacheSources {
  /** The step with its layer, which is here and held by then, as it is on the layers `below` (lowest first). */
  find(key: string, below: readonly StoredLayer[]): Promise<CachedStep | undefined>;
}

/** The steps that were done before, and the layers that they made. */
export class StepCache {
  readonly #store: Store;
  readonly #lease: Lease;
  readonly #sources: CacheSources;
  readonly #used = new Set<string>();

  constructor(store: Store, lease: Lease, sources: CacheSources) {
    this.#store = store;
    this.#lease = lease;
    this.#sources = sources;
  }

  /** A step on the layers `below` whose layer is there, which it then stays until the build ends. */
  async find(
    key: string,
    below: readonly StoredLayer[],
    signal: AbortSignal,
  ): Promise<CachedStep | undefined> {
    const here = this.#store.buildCache.get(key);
    const isWhole =
      here !== undefined && (here.layer === undefined || (await this.#hold(here.layer, signal)));
    const step = isWhole ? here : await this.#sources.find(key, below);
    if (step === undefined) return undefined;
    if (!isWhole) this.put(step);
    this.#used.add(key);
    return step;
  }

  put(step: CachedStep): void {
    this.#store.buildCache.put(step);
  }

  /** Writes down which steps were of use; at the end, in one transaction. */
  finish(): void {
    if (this.#used.size > 0) this.#store.buildCache.markUsed([...this.#used], new Date().toISOString());
  }

  async #hold({ diffId, descriptor }: StoredLayer, signal: AbortSignal): Promise<boolean> {
    const { layers, blobs } = this.#store;
    return (
      (await layers.hold(diffId, this.#lease, signal)) &&
      (await blobs.hold(descriptor.digest, this.#lease, signal))
    );
  }
}
