import type { StoredLayer } from "../../image/add-layer.ts";
import type { CachedStep } from "../../store/build-cache-table.ts";
import type { Lease } from "../../store/locks.ts";
import type { Store } from "../../store/store.ts";

/** A digest over what a step is and what it stands on; equal keys mean equal results. */
export function cacheKey(...parts: readonly unknown[]): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** The steps that were done before, and the layers that they made. */
export class StepCache {
  readonly #store: Store;
  readonly #lease: Lease;
  readonly #used = new Set<string>();

  constructor(store: Store, lease: Lease) {
    this.#store = store;
    this.#lease = lease;
  }

  /** A step whose layer is there, which it then stays until the build ends. */
  async find(key: string, signal: AbortSignal): Promise<CachedStep | undefined> {
    const step = this.#store.buildCache.get(key);
    if (step === undefined) return undefined;
    if (step.layer !== undefined && !(await this.#hold(step.layer, signal))) return undefined;
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
