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

test.each(["client", "server"])(
  "much arrives whole after the %s has ended, slowly as it reads",
  async (first) => {
    const { promise: read, resolve } = Promise.withResolvers<string>();
    const hash = new Bun.CryptoHasher("sha256");
    const ended: Bun.SocketHandler = {
      open: (socket) => void socket.shutdown(),
      data(socket, bytes) {
        hash.update(bytes);
        socket.pause();
        setImmediate(() => socket.resume());
      },
      close: () => resolve(hash.digest("hex")),
    };
    const fill = sendAll(megabytes);
    const goesOn: Bun.SocketHandler = { end: fill, drain: fill, data() {} };
    const [inside, outside] = first === "server" ? [ended, goesOn] : [goesOn, ended];
    using server = Bun.listen({ hostname, port: 0, allowHalfOpen: true, socket: inside });
    using forwarder = forwardTcp(hostname, 0, dialTo(server.port));
    await Bun.connect({ hostname, port: forwarder.port, allowHalfOpen: true, socket: outside });
    expect(await read).toBe(Bun.SHA256.hash(megabytes, "hex"));
  },
);

test("a client that is gone before the server is reached leaves no connection behind", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  using server = Bun.listen({ hostname, port: 0, socket: { data() {}, close: () => resolve() } });
  using forwarder = forwardTcp(hostname, 0, async (socket, data) => {
    while (data.peer!.readyState > 0) await Bun.sleep(1);
    return dialTo(server.port)(socket, data);
  });
  const reset = (socket: Bun.Socket) => void socket.terminate();
  await Bun.connect({ hostname, port: forwarder.port, socket: { open: reset, data() {} } });
  await closed;
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

test("many echo much at once, unchanged", async () => {
  const waiting = new Map<Bun.Socket, Buffer[]>();
  const flush = (socket: Bun.Socket) => {
    const queue = waiting.get(socket) ?? [];
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const taken = Math.max(0, socket.write(first));
      queue[0] = first.subarray(taken);
      if (queue[0].length > 0) return;
      queue.shift();
    }
  };
  using server = Bun.listen({
    hostname,
    port: 0,
    socket: {
      open: (socket) => void waiting.set(socket, []),
      data(socket, bytes) {
        waiting.get(socket)!.push(Buffer.from(bytes));
        flush(socket);
      },
      drain: flush,
    },
  });
  using forwarder = forwardTcp(hostname, 0, dialTo(server.port));
  const echo = async (bytes: Uint8Array) => {
    const answer: Buffer[] = [];
    let [sent, received] = [0, 0];
    const { promise: whole, resolve, reject } = Promise.withResolvers<void>();
    const fill = (socket: Bun.Socket) => {
      if (sent < bytes.length) sent += Math.max(0, socket.write(bytes.subarray(sent)));
    };
    const data = (socket: Bun.Socket, part: Buffer) => {
      answer.push(Buffer.from(part));
      received += part.length;
      if (received < bytes.length) return;
      resolve();
      socket.end();
    };
    const close = () => reject(new Error(`closed after ${received} bytes`));
    await Bun.connect({ hostname, port: forwarder.port, socket: { open: fill, drain: fill, data, close } });
    await whole;
    return Buffer.compare(Buffer.concat(answer), bytes);
  };
  // Each has bytes of its own.
  const connections = Array.from({ length: 8 }, (_, index) =>
    echo(megabytes.subarray(index, -8 * 1024 * 1024)),
  );
  expect(await Promise.all(connections)).toEqual(connections.map(() => 0));
});

test("who reads late holds the sender back, loses nothing, and keeps nobody else waiting", async () => {
  const { promise: connected, resolve: connect } = Promise.withResolvers<Bun.Socket>();
  const { promise: whole, resolve } = Promise.withResolvers<void>();
  const hash = new Bun.CryptoHasher("sha256");
  let received = 0;
  using server = Bun.listen({
    hostname,
    port: 0,
    socket: {
      open(socket) {
        socket.pause();
        connect(socket);
      },
      data(_, bytes) {
        hash.update(bytes);
        received += bytes.length;
        if (received === all) resolve();
      },
    },
  });
  using forwarder = forwardTcp(hostname, 0, dialTo(server.port));
  // More than the buffers of all sockets hold.
  const all = 16 * megabytes.length;
  const sentHash = new Bun.CryptoHasher("sha256");
  let sent = 0;
  const fill = (socket: Bun.Socket) => {
    while (sent < all) {
      const chunk = megabytes.subarray(sent % megabytes.length);
      const taken = Math.max(0, socket.write(chunk));
      sentHash.update(chunk.subarray(0, taken));
      sent += taken;
      if (taken < chunk.length) return;
    }
  };
  await Bun.connect({ hostname, port: forwarder.port, socket: { open: fill, drain: fill, data() {} } });
  const late = await connected;
  using answering = Bun.listen({
    hostname,
    port: 0,
    socket: { open: (socket) => void socket.end("hello"), data() {} },
  });
  using other = forwardTcp(hostname, 0, dialTo(answering.port));
  let held = -1;
  while (sent !== held) {
    held = sent;
    for (let turn = 0; turn < 20; turn++) {
      const { promise, resolve: hear } = Promise.withResolvers<string>();
      await Bun.connect({
        hostname,
        port: other.port,
        socket: { data: (_, bytes) => hear(bytes.toString()) },
      });
      expect(await promise).toBe("hello");
    }
  }
  expect(held).toBeLessThan(all);
  late.resume();
  await whole;
  expect(hash.digest("hex")).toBe(sentHash.digest("hex"));
});
