import type { FSWatcher } from "node:fs";

/** How often to look where the kernel does not tell: it limits how many watches a user may have. */
const lookInterval = 250;

/**
 * Waits for changes in directories, told by inotify(7). A change between two waits ends the next one at once, so that
 * none is missed by who looks first and waits then.
 */
export class ChangeWatch implements Disposable {
  readonly #watchers: FSWatcher[] = [];
  #changed = Promise.withResolvers<void>();
  #isBlind = false;

  /** `concerns` tells by its name whether a file of that directory matters. */
  constructor(places: ReadonlyMap<string, (file: string) => boolean>) {
    const { watch } = process.getBuiltinModule("node:fs");
    for (const [directory, concerns] of places) {
      try {
        const watcher = watch(directory, (_, file) => {
          if (file === null || concerns(file)) this.#changed.resolve();
        });
        watcher.on("error", () => this.#changed.resolve());
        this.#watchers.push(watcher);
      } catch {
        this.#isBlind = true;
      }
    }
  }

  /** Resolves after a change, and after `longest` milliseconds at the latest. Throws the signal's reason. */
  async next(longest: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const timer = setTimeout(() => this.#changed.resolve(), this.#isBlind ? lookInterval : longest);
    const wake = () => this.#changed.resolve();
    signal?.addEventListener("abort", wake);
    await this.#changed.promise;
    clearTimeout(timer);
    signal?.removeEventListener("abort", wake);
    this.#changed = Promise.withResolvers();
    signal?.throwIfAborted();
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
  }
}
