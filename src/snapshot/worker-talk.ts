/** A worker's side of the talk that worker-protocol.ts draws. */
import { readSync, writeSync } from "node:fs";
import { BerthError, messageOf } from "../base/errors.ts";
import { fileSyscalls } from "../sys/file-syscalls.ts";
import type { WorkerEvent } from "./worker-protocol.ts";

/**
 * Reads one request, a line, from stdin, does it, tells on stdout. The exit status is 0 when it told, good news or bad.
 * `rest` is what came behind the request.
 */
export async function answerRequest<Request>(
  perform: (request: Request, rest: string) => Promise<unknown>,
): Promise<number> {
  try {
    const [line, rest] = readLine();
    const request: Request = JSON.parse(line);
    fileSyscalls.setCreationMask(0);
    const result = await perform(request, rest);
    tell({ event: "result", ...(result === undefined ? {} : { result }) });
  } catch (error) {
    const { code, hint } =
      error instanceof BerthError ? error : { code: "internal" as const, hint: undefined };
    tell({ event: "error", code, message: messageOf(error), ...(hint === undefined ? {} : { hint }) });
  }
  return 0;
}

/** The first line of stdin, and what came with it. */
function readLine(): [line: string, rest: string] {
  let text = "";
  const buffer = Buffer.alloc(64 * 1024);
  const decoder = new TextDecoder();
  for (let end = -1; end < 0; end = text.indexOf("\n")) {
    const count = readSync(0, buffer, 0, buffer.length, null);
    if (count === 0) throw new BerthError("usage", "a worker takes its request on stdin");
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}

export function tell(event: WorkerEvent): void {
  const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
  for (let done = 0; done < bytes.length; ) done += writeSync(1, bytes, done);
}
