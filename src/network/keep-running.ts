/** Something that works until it ends by itself or is disposed of. */
export interface Running extends AsyncDisposable {
  readonly exited: Promise<unknown>;
}

/** Milliseconds before the next start; longer every time that it did not help. */
const firstPause = 50;
const longestPause = 5_000;

/** Starts something, and starts it again whenever it ends before its time. Rejects when the first start does. */
export async function keepRunning(start: () => Promise<Running>): Promise<AsyncDisposable> {
  let current = await start();
  let disposed = false;
  const keep = async () => {
    for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
      await current.exited;
      if (disposed) return;
      await Bun.sleep(pause);
      if (disposed) return;
      await current[Symbol.asyncDispose]();
      try {
        current = await start();
        pause = firstPause;
      } catch {
        // Nobody to tell; the next try may do better.
      }
    }
  };
  void keep();
  return {
    async [Symbol.asyncDispose]() {
      disposed = true;
      await current[Symbol.asyncDispose]();
    },
  };
}
