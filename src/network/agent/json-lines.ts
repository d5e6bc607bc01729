import { writeSync } from "node:fs";
import { systemErrorCode } from "../../base/errors.ts";

/** The messages that arrive at a socket, one JSON document a line, until its end. */
export async function* readJsonLines<T>(fd: number): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of Bun.file(fd).stream()) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
        yield JSON.parse(text.slice(0, end)) as T;
        text = text.slice(end + 1);
      }
    }
  } catch (error) {
    // The other side may end before it has read everything, and then the socket is reset.
    if (systemErrorCode(error) !== "ECONNRESET") throw error;
  }
}

/** Nobody on the other side is no error here: reading tells. */
export function writeJsonLine(fd: number, message: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } catch (error) {
    if (systemErrorCode(error) !== "EPIPE") throw error;
  }
}
