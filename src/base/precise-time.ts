/** Milliseconds between the clock that is precise and the clock on the wall, which somebody may set meanwhile. */
let ahead = performance.timeOrigin;

/**
 * A point in time (milliseconds since 1970) in UTC as `2026-01-02T15:04:05.123456000Z`: always 30 characters, so that
 * the order of text is the order of time. To the microsecond, which is as precise as the runtime tells.
 */
export function preciseTime(milliseconds: number): string {
  const micros = Math.round(milliseconds * 1000);
  const whole = new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1);
  return `${whole}${String(micros % 1000).padStart(3, "0")}000Z`;
}

/**
 * Now: always in the millisecond that the clock on the wall shows, so that it compares with times that were read there,
 * and never earlier than before, unless that clock was set back.
 */
export function preciseNow(): string {
  const wall = Date.now();
  const now = ahead + performance.now();
  const settled = Math.min(Math.max(now, wall), wall + 0.999);
  ahead += settled - now;
  return preciseTime(settled);
}
