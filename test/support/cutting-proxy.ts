import type { Socket } from "bun";

export interface CuttingProxy extends Disposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** How many connections it has cut so far. */
  readonly cuts: number;
}

interface Side {
  other: Socket<Side> | undefined;
  /** What the other side could not take yet. */
  pending: Buffer;
  sent: number;
}

/**
 * Passes TCP connections on to `port`. Each of the first connections whose client sent more than `cutAfter[n]` bytes is cut
 * with a reset, as a bad network does.
 */
export function startCuttingProxy(port: number, cutAfter: readonly number[]): CuttingProxy {
  const remaining = [...cutAfter];
  let cuts = 0;
  const flush = (from: Socket<Side>, to: Socket<Side> | undefined) => {
    if (to === undefined || from.data.pending.length === 0) return;
    const written = to.write(from.data.pending);
    if (written > 0) from.data.pending = from.data.pending.subarray(written);
    if (from.data.pending.length > 0) from.pause();
    else from.resume();
  };
  const socket = {
    data(from: Socket<Side>, chunk: Buffer) {
      from.data.pending = Buffer.concat([from.data.pending, chunk]);
      flush(from, from.data.other);
    },
    drain(to: Socket<Side>) {
      if (to.data.other !== undefined) flush(to.data.other, to);
    },
    close(side: Socket<Side>) {
      side.data.other?.end();
    },
    error() {},
  };
  const listener = Bun.listen<Side>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      ...socket,
      open(client) {
        client.data = { other: undefined, pending: Buffer.alloc(0), sent: 0 };
        void Bun.connect<Side>({
          hostname: "127.0.0.1",
          port,
          data: { other: client, pending: Buffer.alloc(0), sent: 0 },
          socket,
        }).then((server) => {
          client.data.other = server;
          flush(client, server);
        });
      },
      data(client, chunk) {
        client.data.sent += chunk.length;
        const limit = remaining[0];
        if (limit !== undefined && client.data.sent > limit) {
          remaining.shift();
          cuts += 1;
          client.data.other?.terminate();
          client.terminate();
          return;
        }
        socket.data(client, chunk);
      },
    },
  });
  return {
    host: `127.0.0.1:${listener.port}`,
    get cuts() {
      return cuts;
    },
    [Symbol.dispose]() {
      listener.stop(true);
    },
  };
}
