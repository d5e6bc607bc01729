import type { Socket } from "bun";

interface Side {
  /** Whom what arrives here is for. */
  readonly other: Promise<Socket<Side>>;
  /** What arrives is passed on after what came before it. */
  passed: Promise<unknown>;
  /** Goes on with writing to this side, which had no room for all; ends it, too, where the side is closed. */
  onRoom?: (() => void) | undefined;
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
      await writeAll(await from.data.other, bytes);
    });
  };
  const drain = ({ data }: Socket<Side>) => data.onRoom?.();
  const end = ({ data }: Socket<Side>) => {
    data.onRoom?.();
    data.passed = data.passed.then(async () => (await data.other).end());
  };
  const listener = Bun.listen<Side>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(client) {
        const other = Bun.connect<Side>({
          hostname,
          port: Number(port),
          data: { other: Promise.resolve(client), passed: Promise.resolve() },
          socket: { data: (server, chunk) => pass(server, chunk, 0), drain, close: end, error() {} },
        });
        client.data = { other, passed: Promise.resolve() };
      },
      data: (client, chunk) => pass(client, chunk, delay),
      drain,
      close: end,
      error() {},
    },
  });
  return {
    host: `127.0.0.1:${listener.port}`,
    [Symbol.dispose]: () => listener.stop(true),
  };
}

/** A socket takes what its buffer has room for, and none any more once it is closed. */
async function writeAll(to: Socket<Side>, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; ; ) {
    const written = to.write(rest);
    if (written < 0 || written === rest.length) return;
    rest = rest.subarray(written);
    if (to.readyState !== 1) return;
    await new Promise<void>((resolve) => {
      to.data.onRoom = resolve;
    });
  }
}
