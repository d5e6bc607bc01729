import type { Socket } from "bun";

interface Side {
  /** Whom what arrives here is for. */
  readonly other: Promise<Socket<Side>>;
  /** What arrives is passed on after what came before it. */
  passed: Promise<unknown>;
}

export interface DelayingProxy extends Disposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
}

/** Passes connections on to `target` (`host:port`), and holds back each request, but no answer, for `delay` milliseconds. */
export function startDelayingProxy(target: string, delay: number): DelayingProxy {
  const [hostname = "", port] = target.split(":");
  const pass = (from: Socket<Side>, chunk: Uint8Array, wait: number) => {
    const bytes = Buffer.from(chunk);
    from.data.passed = from.data.passed.then(async () => {
      if (wait > 0) await Bun.sleep(wait);
      (await from.data.other).write(bytes);
    });
  };
  const end = ({ data }: Socket<Side>) => void data.passed.then(async () => (await data.other).end());
  const listener = Bun.listen<Side>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(client) {
        const other = Bun.connect<Side>({
          hostname,
          port: Number(port),
          data: { other: Promise.resolve(client), passed: Promise.resolve() },
          socket: { data: (server, chunk) => pass(server, chunk, 0), close: end, error() {} },
        });
        client.data = { other, passed: Promise.resolve() };
      },
      data: (client, chunk) => pass(client, chunk, delay),
      close: end,
      error() {},
    },
  });
  return {
    host: `127.0.0.1:${listener.port}`,
    [Symbol.dispose]: () => listener.stop(true),
  };
}
