/** Waits until the clock shows another millisecond, and answers it. */
export function nextMillisecond(): number {
  const before = Date.now();
  while (Date.now() === before);
  return Date.now();
}
