import type { Socket, TCPSocketListener } from "bun";
import { Splice } from "../../sys/splice.ts";

/** One end of a forwarded connection. */
interface End {
  /** The other end; undefined while it is not connected yet. */
  peer: Socket<End> | undefined;
  /** What the peer sent and this end could not take yet. */
  readonly waiting: Uint8Array[];
  /** The peer will send nothing more. */
  peerFinished: boolean;
}

/** Bun's sockets have their descriptor, but its types do not know. */
const descriptorOf = (socket: Socket<End>) => (socket as Socket<End> & { readonly fd: number }).fd;

/** How a container's port is reached; rejects when nobody listens there. */
export type Dial = (handlers: Bun.SocketHandler<End>, data: End) => Promise<Socket<End>>;

/**
 * Listens on the host and joins every connection with one that `dial` makes inside. Bytes are held back, not piled up,
 * while one side is slower than the other; the end of one direction is the end of that direction only.
 */
export function forwardTcp(address: string, port: number, dial: Dial): TCPSocketListener<End> {
  // Bun takes `ipv6Only`, but its types do not know; without it IPv6 would take the port for IPv4 as well.
  const options: Bun.TCPSocketListenOptions<End> & { ipv6Only: boolean } = {
    hostname: address,
    port,
    ipv6Only: address.includes(":"),
    allowHalfOpen: true,
    socket: {
      ...handlers,
      open(outside) {
        outside.pause();
        outside.data = { peer: undefined, waiting: [], peerFinished: false };
        dial(handlers, { peer: outside, waiting: [], peerFinished: false }).then(
          (inside) => {
            outside.data.peer = inside;
            outside.resume();
          },
          () => outside.terminate(),
        );
      },
    },
  };
  return Bun.listen(options);
}

/** What `to` cannot take yet; `from` waits until it has. */
function hold(from: Socket<End>, to: Socket<End>, bytes: Uint8Array): void {
  to.data.waiting.push(bytes);
  from.pause();
}

/** Who sends so many bytes at once has more of them. */
const much = 64 * 1024;
/** Bytes of one connection in a row, so that it does not keep the others waiting. */
const fairShare = 16 * 1024 * 1024;
let splice: Splice | undefined;

/** Moves what has come meanwhile past this process, which would have to copy it twice. */
function moveOn(from: Socket<End>, to: Socket<End>): void {
  splice ??= new Splice();
  try {
    for (let moved = 0; moved < fairShare; ) {
      const { size, rest } = splice.move(descriptorOf(from), descriptorOf(to));
      if (size === 0) return;
      moved += size;
      if (rest === undefined) continue;
      const taken = Math.max(0, to.write(rest));
      if (taken === rest.length) continue;
      hold(from, to, rest.subarray(taken));
      return;
    }
  } catch {
    // Only whoever sees the error first is told, and that was us.
    for (const end of [from, to]) end.terminate();
  }
}

const handlers: Bun.SocketHandler<End> = {
  data(from, bytes) {
    const to = from.data.peer;
    if (to === undefined) return;
    const taken = to.data.waiting.length > 0 ? 0 : Math.max(0, to.write(bytes));
    if (taken < bytes.length) hold(from, to, bytes.subarray(taken));
    else if (bytes.length >= much) moveOn(from, to);
  },
  drain(to) {
    const { waiting, peer, peerFinished } = to.data;
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const taken = Math.max(0, to.write(first));
      if (taken < first.length) {
        waiting[0] = first.subarray(taken);
        return;
      }
      waiting.shift();
    }
    if (peerFinished) to.shutdown();
    else peer?.resume();
  },
  end(from) {
    const to = from.data.peer;
    if (to === undefined) return;
    to.data.peerFinished = true;
    if (to.data.waiting.length === 0) to.shutdown();
  },
  close(from, error) {
    const to = from.data?.peer;
    if (to === undefined) return;
    to.data.peer = undefined;
    if (error) to.terminate();
    else if (to.data.waiting.length === 0) to.end();
    else to.data.peerFinished = true;
  },
  error() {}, // `close` follows
  connectError() {}, // the promise of the connection rejects
};
