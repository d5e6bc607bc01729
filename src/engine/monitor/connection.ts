import type { Socket } from "bun";
import { encodeFrame, type Frame, FrameDecoder, type FrameKind } from "./frames.ts";

/** A side that has this much to read or to write yet is asked to wait. */
const highWater = 1 << 20;

/** One end of a socket on which frames are exchanged. Reading and writing wait for the slower side. */
export class Connection {
  readonly #socket: Socket<Connection>;
  readonly #decoder = new FrameDecoder();
  #received: Frame[] = [];
  #receivedBytes = 0;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #paused = false;
  #closed = false;
  #forgets = false;
  #arrival = Promise.withResolvers<void>();
  #room: PromiseWithResolvers<void> | undefined;

  constructor(socket: Socket<Connection>) {
    this.#socket = socket;
  }

  /** Over an open socket, which belongs to the connection from now on. */
  static over(fd: number): Promise<Connection> {
    // `fd` is documented for node:net only, which costs milliseconds to load.
    return connect({ fd } as unknown as { unix: string });
  }

  /** To a listening socket; rejects with ENOENT or ECONNREFUSED when nobody listens. */
  static to(path: string): Promise<Connection> {
    return connect({ unix: path });
  }

  /** What `Bun.listen` and `Bun.connect` call. */
  static handlers(onOpen?: (connection: Connection) => void): Bun.SocketHandler<Connection> {
    return {
      open(socket) {
        socket.data = new Connection(socket);
        onOpen?.(socket.data);
      },
      data: (socket, bytes) => socket.data.#receive(bytes),
      drain: (socket) => socket.data.#flush(),
      close: (socket) => socket.data.#end(),
      end: (socket) => socket.data.#end(),
      error: (socket) => socket.data.#end(),
    };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Frames as they come, until the other side closes. */
  async *frames(): AsyncGenerator<Frame> {
    for (;;) {
      const frame = this.#received.shift();
      if (frame !== undefined) {
        this.#receivedBytes -= frame.payload.length;
        if (this.#paused && this.#receivedBytes < highWater) {
          this.#paused = false;
          this.#socket.resume();
        }
        yield frame;
      } else if (this.#closed) return;
      else await this.#arrival.promise;
    }
  }

  /** Sends, or keeps what does not fit at the moment; nothing happens when the other side is gone. */
  send(kind: FrameKind, payload?: Uint8Array | object): void {
    if (this.#closed) return;
    this.#unsent.push(encodeFrame(kind, payload));
    this.#unsentBytes += this.#unsent.at(-1)!.length;
    if (this.#unsent.length === 1) this.#flush();
  }

  /** Resolves when there is room to send more. */
  async drained(): Promise<void> {
    if (this.#closed || this.#unsentBytes < highWater) return;
    this.#room ??= Promise.withResolvers();
    await this.#room.promise;
  }

  /** Resolves when everything was sent, or cannot be any more. */
  async flushed(): Promise<void> {
    while (!this.#closed && this.#unsentBytes > 0) {
      this.#room ??= Promise.withResolvers();
      await this.#room.promise;
    }
  }

  close(): void {
    this.#socket.end();
    this.#end();
  }

  /**
   * Closes when the other side has, and forgets what still comes from there; or after so many milliseconds. Who closes
   * with something unread makes the kernel tell the other side of a broken connection (ECONNRESET), and what was sent
   * there last is lost.
   */
  async closeAfterOther(patience: number): Promise<void> {
    this.#forgets = true;
    this.#received = [];
    if (this.#paused) this.#socket.resume();
    const late = Bun.sleep(patience).then(() => "late" as const);
    while (!this.#closed && (await Promise.race([this.#arrival.promise, late])) !== "late") {}
    this.close();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#forgets) return;
    let frames: Frame[];
    try {
      frames = this.#decoder.push(bytes);
    } catch {
      this.#socket.terminate();
      this.#end();
      return;
    }
    for (const frame of frames) {
      this.#received.push(frame);
      this.#receivedBytes += frame.payload.length;
    }
    if (!this.#paused && this.#receivedBytes >= highWater) {
      this.#paused = true;
      this.#socket.pause();
    }
    this.#announce();
  }

  #flush(): void {
    while (this.#unsent.length > 0) {
      const next = this.#unsent[0]!;
      const written = this.#socket.write(next);
      if (written < 0) {
        this.#end();
        return;
      }
      this.#unsentBytes -= written;
      if (written < next.length) {
        this.#unsent[0] = next.subarray(written);
        break;
      }
      this.#unsent.shift();
    }
    if (this.#unsentBytes > 0 && this.#unsentBytes >= highWater) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #end(): void {
    this.#closed = true;
    this.#room?.resolve();
    this.#announce();
  }

  #announce(): void {
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }
}

async function connect(where: { unix: string }): Promise<Connection> {
  const socket = await Bun.connect<Connection>({ ...where, socket: Connection.handlers() });
  return socket.data;
}
