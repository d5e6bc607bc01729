/** Milliseconds between the clock that is precise and the clock on the wall, which somebody may set meanwhile. */
let ahead = performance.timeOrigin;

/**
 * Now in UTC as `2026-01-02T15:04:05.123456000Z`: always 30 characters, so that order of text is order of time. As
 * precise as the runtime tells, which is microseconds.
 */
export function preciseNow(): string {
  const wall = Date.now();
  let now = ahead + performance.now();
  if (Math.abs(now - wall) > 2) {
    ahead += wall - now;
    now = wall;
  }
  const milliseconds = Math.floor(now);
  const micros = Math.floor((now - milliseconds) * 1000);
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}000Z`;
}
