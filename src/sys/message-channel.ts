/** JSON lines over a socket: how two processes of berth talk (container/protocol.ts, join-protocol.ts, network/agent/protocol.ts). */
import { BerthError, type ErrorCode, messageOf, systemErrorCode } from "../base/errors.ts";
import { readInto, writeAll } from "./files.ts";
import { encodeText } from "./text.ts";

/** What went wrong in one process, as it is told to the other. */
export interface Failure {
  readonly kind: "failed";
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

export function failureOf(error: unknown): Failure {
  const known = error instanceof BerthError ? error : undefined;
  return {
    kind: "failed",
    code: known?.code ?? "internal",
    message: messageOf(error),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
  };
}

export function reportedError({ code, message, hint }: Failure): BerthError {
  return new BerthError(code, message, hint === undefined ? {} : { hint });
}

/** Sends one message. */
export function sendMessage(fd: number, message: object): void {
  writeAll(fd, encodeText(`${JSON.stringify(message)}\n`));
}

/** The same to a process that may have ended: its status says so, or the end of its own messages, not our broken pipe. */
export function sendUnlessGone(fd: number, message: object): void {
  try {
    sendMessage(fd, message);
  } catch (error) {
    if (systemErrorCode(error) !== "EPIPE") throw error;
  }
}

/** Messages as they come, until the other side has closed. */
export async function* readMessages<Message>(fd: number): AsyncGenerator<Message> {
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of Bun.file(fd).stream()) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
        yield JSON.parse(text.slice(0, end)) as Message;
        text = text.slice(end + 1);
      }
    }
  } catch (error) {
    // The other side may end before it has read everything, and then the socket is reset.
    if (systemErrorCode(error) !== "ECONNRESET") throw error;
  }
}

/** One line, waiting for it; undefined when the other side is gone. */
export function receiveLine(fd: number): string | undefined {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const chunk = new Uint8Array(65536);
  for (let text = ""; ; ) {
    const length = readInto(fd, chunk);
    if (length === 0) return undefined;
    text += decoder.decode(chunk.subarray(0, length), { stream: true });
    if (chunk[length - 1] === 0x0a) return text;
  }
}
