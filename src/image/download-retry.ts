import { isBerthError } from "../base/errors.ts";
import type { TransferStatus } from "../oci/transport.ts";

/** As Docker does: five tries, 5 s longer each time. */
const maximumTries = 5;
const pauseStep = 5;

/** Waits a second; replaced in tests. */
export type Pause = (signal?: AbortSignal) => Promise<void>;

export const pauseOneSecond: Pause = (signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(finish, 1000);
    function finish() {
      signal?.removeEventListener("abort", abort);
      resolve();
    }
    function abort() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", abort, { once: true });
  });

/**
 * Repeats `transfer` after broken connections (`network`), counting down as Docker does. A try that brought new bytes
 * (`progressed`) does not count, so that a long download over a bad line ends. Other errors pass at once.
 */
export async function withDownloadRetry(
  transfer: () => Promise<unknown>,
  progressed: () => boolean,
  onStatus: (status: TransferStatus) => void,
  pause: Pause,
  signal?: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await transfer();
      return;
    } catch (error) {
      if (progressed()) tries = 1;
      if (!isBerthError(error, "network") || tries >= maximumTries) throw error;
    }
    for (let left = tries * pauseStep; left > 0; left--) {
      onStatus(`Retrying in ${left} second${left === 1 ? "" : "s"}`);
      await pause(signal);
      signal?.throwIfAborted();
    }
  }
}
