/**
 * One end of a measured connection, as a program of its own, so that it runs inside of a container or beside it:
 *
 *   bun traffic.ts sink PORT                            takes what comes, and answers at the end how many bytes it was
 *   bun traffic.ts send HOST PORT SECONDS               sends for so long; prints bytes per second, 0 when they never arrive
 *   bun traffic.ts serve PORT                           a web server
 *   bun traffic.ts ask HOST PORT CONNECTIONS SECONDS    asks it, each connection one thing at a time; prints the median
 *                                                       and the 99th percentile of an answer's milliseconds
 *
 * The servers print their port (0 lets the kernel choose) and end when their standard input does.
 */
export {}; // makes it a module

const [role, ...words] = process.argv.slice(2);
/** Seconds after which nothing will come any more. */
const patience = 3;
const chunk = new Uint8Array(256 * 1024);

function sink(port: number): number {
  return Bun.listen<{ received: number }>({
    hostname: "0.0.0.0",
    port,
    allowHalfOpen: true,
    socket: {
      open: (socket) => {
        socket.data = { received: 0 };
      },
      data: (socket, bytes) => {
        socket.data.received += bytes.length;
      },
      end: (socket) => void socket.end(`${socket.data.received}\n`),
    },
  }).port;
}

async function send(hostname: string, port: number, seconds: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const began = performance.now();
  let finished = false;
  let answer = "";
  const fill = (socket: Bun.Socket) => {
    while (performance.now() - began < 1000 * seconds) if (socket.write(chunk) < chunk.length) return;
    if (!finished) socket.shutdown();
    finished = true;
  };
  setTimeout(() => resolve(0), 1000 * (seconds + patience));
  await Bun.connect({
    hostname,
    port,
    allowHalfOpen: true,
    socket: {
      open: fill,
      drain: fill,
      data: (_, bytes) => {
        answer += bytes.toString();
      },
      end: (socket) => void socket.end(),
      close: () => resolve(Number(answer) / ((performance.now() - began) / 1000)),
      error: (_, error) => reject(error),
    },
  });
  return promise;
}

function serve(port: number): number {
  const server = Bun.serve({ hostname: "0.0.0.0", port, fetch: () => new Response("hello\n") });
  return server.port!;
}

async function ask(hostname: string, port: number, connections: number, seconds: number) {
  const question = `GET / HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  const one = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let asked = 0;
    let received = "";
    const next = (socket: Bun.Socket) => {
      asked = performance.now();
      received = "";
      socket.write(question);
    };
    const socket = {
      open: next,
      data(socket: Bun.Socket, bytes: Buffer) {
        received += bytes.toString("latin1");
        if (!received.endsWith("\r\n\r\nhello\n")) return;
        times.push(performance.now() - asked);
        if (performance.now() < end) next(socket);
        else socket.end();
      },
      close: () => resolve(),
      error: (_: Bun.Socket, error: Error) => reject(error),
    };
    Bun.connect({ hostname, port, socket }).catch(reject);
    return promise;
  };
  await Promise.all(Array.from({ length: connections }, one));
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], late: times[Math.floor(times.length * 0.99)] };
}

const [first = "", second = "", third = "", fourth = ""] = words;
switch (role) {
  case "sink":
  case "serve":
    console.log((role === "sink" ? sink : serve)(Number(first)));
    for await (const _ of Bun.stdin.stream());
    process.exit(0);
    break;
  case "send":
    console.log(await send(first, Number(second), Number(third)));
    process.exit(0);
    break;
  case "ask":
    console.log(JSON.stringify(await ask(first, Number(second), Number(third), Number(fourth))));
    break;
  default:
    throw new Error(`no role ${role}`);
}
