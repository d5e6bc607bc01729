/**
 * Waits for works that `begin` has begun with a signal. The first failure fires that signal, as the caller's own does, and
 * is thrown when all have ended.
 */
export async function untilFailure(
  signal: AbortSignal | undefined,
  begin: (signal: AbortSignal) => readonly Promise<unknown>[],
): Promise<void> {
  const failure = new AbortController();
  const works = begin(signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]));
  try {
    await Promise.all(works);
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(works);
    throw error;
  }
}
