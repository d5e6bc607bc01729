import type { Socket } from "bun";

export interface ForwardProxy extends Disposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** First lines of requests, and what they say of the client: `CONNECT x:443`, `GET http://x/v2/`. */
  readonly requests: readonly { readonly line: string; readonly authorization: string | undefined }[];
}

interface Side {
  other: Socket<Side> | undefined;
  received: Buffer;
}

/**
 * An HTTP proxy whose every address leads to `port` of this machine: tunnels (CONNECT), and plain requests, which a server takes
 * with a whole address as well.
 */
export function startForwardProxy(port: number): ForwardProxy {
  const requests: { line: string; authorization: string | undefined }[] = [];
  const pass = (from: Socket<Side>) => {
    const { other, received } = from.data;
    if (other === undefined || received.length === 0) return;
    from.data.received = received.subarray(Math.max(0, other.write(received)));
  };
  const socket = {
    data(from: Socket<Side>, chunk: Buffer) {
      from.data.received = Buffer.concat([from.data.received, chunk]);
      pass(from);
    },
    drain(to: Socket<Side>) {
      if (to.data.other !== undefined) pass(to.data.other);
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
        client.data = { other: undefined, received: Buffer.alloc(0) };
      },
      data(client, chunk) {
        if (client.data.other !== undefined) return socket.data(client, chunk);
        client.data.received = Buffer.concat([client.data.received, chunk]);
        const end = client.data.received.indexOf("\r\n\r\n");
        if (end < 0) return;
        const [first = "", ...headers] = client.data.received.toString("latin1", 0, end).split("\r\n");
        const authorization = headers.find((header) => /^proxy-authorization:/i.test(header));
        requests.push({
          line: first.replace(/ HTTP\/1\.\d$/, ""),
          authorization: authorization?.split(": ")[1],
        });
        const isTunnel = first.startsWith("CONNECT ");
        if (isTunnel) client.data.received = client.data.received.subarray(end + 4);
        const data: Side = { other: client, received: Buffer.alloc(0) };
        void Bun.connect<Side>({ hostname: "127.0.0.1", port, data, socket }).then((server) => {
          client.data.other = server;
          if (isTunnel) client.write("HTTP/1.1 200 Connection established\r\n\r\n");
          pass(client);
        });
      },
    },
  });
  return {
    host: `127.0.0.1:${listener.port}`,
    requests,
    [Symbol.dispose]() {
      listener.stop(true);
    },
  };
}
