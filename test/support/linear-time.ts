import { expect } from "bun:test";

/** Microseconds of the processor, which other load leaves alone. */
function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const factor = 16;
const tries = 8;
/** Microseconds; what takes less is not told from nothing. */
const shortest = 100;

/**
 * That the time of `work` grows with its size as a line does: 16 times the size may take 64 times as long, where a square
 * takes 256 times. The shortest of several tries counts. Choose a size that takes about a millisecond.
 */
export function expectLinearTime(size: number, work: (size: number) => void): void {
  const time = (scale: number) => processorTime(() => work(size * scale));
  for (let warm = 0; warm < tries; warm++) time(1);
  let small = Number.POSITIVE_INFINITY;
  let large = Number.POSITIVE_INFINITY;
  const most = () => Math.max(small, shortest) * factor * 4;
  for (let attempt = 0; attempt < tries && !(large < most()); attempt++) {
    small = Math.min(small, time(1));
    large = Math.min(large, time(factor));
  }
  expect(large).toBeLessThan(most());
}
