import { firstPause, longerPause } from "./pause.ts";

/** Something that works until it ends by itself or is disposed of. */
export interface Running extends AsyncDisposable {
  readonly exited: Promise<unknown>;
}

/**
 * Starts something, and starts it again whenever it ends before its time. Rejects when the first start does. `exited`
 * resolves when it has been disposed of and nothing of it is left, which disposal itself does not wait for.
 */
export async function keepRunning(start: () => Promise<Running>): Promise<Running> {
  let current = await start();
  let disposed = false;
  const disposal = Promise.withResolvers<void>();
  const keep = async () => {
    for (let pause = firstPause; ; pause = longerPause(pause)) {
      await current.exited;
      if (disposed) return;
      await Promise.race([Bun.sleep(pause), disposal.promise]);
      if (disposed) return;
      await current[Symbol.asyncDispose]();
      try {
        current = await start();
        pause = firstPause;
      } catch {
        // Nobody to tell; the next try may do better.
      }
      if (disposed) await current[Symbol.asyncDispose]();
    }
  };
  return {
    exited: keep(),
    async [Symbol.asyncDispose]() {
      disposed = true;
      disposal.resolve();
      await current[Symbol.asyncDispose]();
    },
  };
}
