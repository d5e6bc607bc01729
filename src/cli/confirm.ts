import type { Host } from "./host.ts";

/**
 * Asks on stdout and reads one line from stdin, a terminal or not; only `y` and `Y` are a yes, the end of the input is a
 * no (docker/cli internal/prompt).
 */
export async function confirm(host: Host, message: string, signal: AbortSignal): Promise<boolean> {
  host.stdout.write(`${message} [y/N] `);
  const chunks = host.stdin.stream()[Symbol.asyncIterator]();
  const decoder = new TextDecoder();
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
  });
  aborted.catch(() => undefined); // told below, or of no interest any more
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await Promise.race([chunks.next(), aborted]);
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  return text.split("\n")[0]!.trim().toLowerCase() === "y";
}
