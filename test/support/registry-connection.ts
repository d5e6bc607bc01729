import type { Socket } from "bun";
import type { ReceivedRequest } from "./registry-faults.ts";

/** What a faulty registry knows of one connection. */
export interface Connection {
  received: Buffer;
  busy: boolean;
  drained: (() => void) | undefined;
  closed: boolean;
}

/** Writes all of it, at the speed of the other side. */
export async function send(socket: Socket<Connection>, bytes: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < bytes.length && !socket.data.closed) {
    const written = socket.write(bytes.subarray(offset));
    // Closed, though the event has not come yet; who sends without an end must see it.
    if (written < 0) socket.data.closed = true;
    if (socket.data.closed) return;
    offset += written;
    if (offset < bytes.length) {
      await new Promise<void>((resolve) => {
        socket.data.drained = resolve;
      });
    }
  }
  socket.flush();
}

/** Takes one whole request from what was received. */
export function takeRequest(connection: Connection): ReceivedRequest | undefined {
  const end = connection.received.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [line = "", ...fields] = connection.received.toString("latin1", 0, end).split("\r\n");
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const colon = field.indexOf(":");
    headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
  }
  const length = Number(headers["content-length"] ?? 0);
  const bodyStart = end + 4;
  if (connection.received.length < bodyStart + length) return undefined;
  const body = connection.received.toString("utf8", bodyStart, bodyStart + length);
  connection.received = connection.received.subarray(bodyStart + length);
  const [method = "", path = ""] = line.split(" ");
  return { method, path, headers, body };
}

/** Resolves when the other side gives up. */
export function forever(socket: Socket<Connection>): Promise<void> {
  return new Promise((resolve) => {
    if (socket.data.closed) resolve();
    socket.data.drained = () => socket.data.closed && resolve();
  });
}
