import { once } from "node:events";

/** Listens on a socket at `path` and connects everybody to the one at `target`. Disposal ends it and all connections. */
export async function relaySocket(path: string, target: string): Promise<Disposable> {
  const { connect, createServer } = await import("node:net");
  const open = new Set<{ destroy(): unknown }>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ path: target, allowHalfOpen: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.pipe(other);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(path);
  await once(server, "listening");
  return {
    [Symbol.dispose]() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
