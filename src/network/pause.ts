/** Milliseconds before what failed, or ended by itself, is tried again. */
export const firstPause = 50;

/** The one after it; longer every time that it did not help. */
export function longerPause(pause: number): number {
  return Math.min(2 * pause, 5_000);
}
