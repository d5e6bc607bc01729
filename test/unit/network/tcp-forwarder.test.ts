import { expect, test } from "bun:test";
import { type Dial, forwardTcp } from "../../../src/network/agent/tcp-forwarder.ts";

const hostname = "127.0.0.1";
const dialTo =
  (port: number): Dial =>
  (socket, data) =>
    Bun.connect({ hostname, port, allowHalfOpen: true, socket, data });

/** A pattern that no shift of itself looks like. */
const megabytes = new Uint8Array(24 * 1024 * 1024).map((_, index) => (index * 2654435761) >>> 24);

/** Writes everything and then ends this direction. */
function sendAll(bytes: Uint8Array): (socket: Bun.Socket<unknown>) => void {
  let sent = 0;
  return (socket) => {
    if (sent === bytes.length) return;
    sent += Math.max(0, socket.write(bytes.subarray(sent)));
    if (sent === bytes.length) socket.shutdown();
  };
}

async function listening() {
  const { promise: received, resolve } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  const fill = sendAll(megabytes);
  const server = Bun.listen({
    hostname,
    port: 0,
    allowHalfOpen: true,
    socket: {
      data(_, bytes) {
        chunks.push(Buffer.from(bytes));
      },
      end(socket) {
        resolve(Buffer.concat(chunks));
        fill(socket);
      },
      drain: fill,
    },
  });
  return { server, received };
}

test("much arrives whole in both directions, each with its own end", async () => {
  const { server, received } = await listening();
  using _ = server;
  using forwarder = forwardTcp(hostname, 0, dialTo(server.port));
  const answer: Buffer[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const fill = sendAll(megabytes);
  await Bun.connect({
    hostname,
    port: forwarder.port,
    allowHalfOpen: true,
    socket: {
      open: fill,
      drain: fill,
      data(_, bytes) {
        answer.push(Buffer.from(bytes));
      },
      close: () => resolve(), // both directions have ended
    },
  });
  expect(Buffer.compare(await received, megabytes)).toBe(0);
  await ended;
  expect(Buffer.compare(Buffer.concat(answer), megabytes)).toBe(0);
});

test("a connection that breaks in the middle of much breaks on the other side", async () => {
  let received = 0;
  using server = Bun.listen({
    hostname,
    port: 0,
    socket: {
      data(socket, bytes) {
        received += bytes.length;
        if (received > megabytes.length / 4) socket.terminate();
      },
    },
  });
  using forwarder = forwardTcp(hostname, 0, dialTo(server.port));
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  const fill = (socket: Bun.Socket) => {
    sent += Math.max(0, socket.write(megabytes.subarray(sent)));
  };
  await Bun.connect({
    hostname,
    port: forwarder.port,
    socket: { open: fill, drain: fill, data() {}, close: () => resolve() },
  });
  await closed;
  expect(received).toBeLessThan(megabytes.length);
  // The forwarder goes on for others.
  const again = Promise.withResolvers<void>();
  await Bun.connect({
    hostname,
    port: forwarder.port,
    socket: { open: () => again.resolve(), data() {} },
  });
  await again.promise;
});
