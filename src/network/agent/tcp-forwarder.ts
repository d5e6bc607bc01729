import type { Socket, TCPSocketListener } from "bun";
import { Bulk } from "./bulk.ts";

/** One end of a forwarded connection. */
interface End {
  /** The other end; undefined while it is not connected yet. */
  peer: Socket<End> | undefined;
  /** What the peer sent and this end could not take yet. */
  readonly waiting: Uint8Array[];
  /** The peer will send nothing more. */
  peerFinished: boolean;
  /** Carries what this end sends, which the runtime does not read meanwhile. */
  bulk: Bulk | undefined;
}

function endTo(peer: Socket<End> | undefined): End {
  return { peer, waiting: [], peerFinished: false, bulk: undefined };
}

/** Bun's sockets have their descriptor, but its types do not know. */
const descriptorOf = (socket: Socket<End>) => (socket as Socket<End> & { readonly fd: number }).fd;

/** The ends on the host to which something may still have to be sent. */
const owed = new Set<Socket<End>>();
let lastPassed = 0;

/** Milliseconds in which nothing moves, and in all, after which who waits for the rest gives up. */
const patience = 500;
const longest = 5_000;

/** Resolves when all that a container has sent is on its way, or when a client does not take it. */
export async function passRest(): Promise<void> {
  const begin = performance.now();
  lastPassed = begin;
  while (owed.size > 0) {
    await Bun.sleep(1);
    const now = performance.now();
    for (const { data } of owed) if (data.peer?.data.bulk !== undefined) lastPassed = now;
    if (now - lastPassed > patience || now - begin > longest) return;
  }
}

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
        outside.data = endTo(undefined);
        owed.add(outside);
        dial(handlers, endTo(outside)).then(
          (inside) => {
            // Who was reset meanwhile (health checks do that) has nobody to tell.
            if (outside.readyState <= 0) return void inside.terminate();
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

/** Gives `to` what `from` has sent. What it cannot take yet is held, and `from` waits; false then. */
function pass(from: Socket<End>, to: Socket<End>, bytes: Uint8Array): boolean {
  const taken = to.data.waiting.length > 0 ? 0 : Math.max(0, to.write(bytes));
  if (taken === bytes.length) return true;
  to.data.waiting.push(bytes.subarray(taken));
  from.pause();
  return false;
}

/** Nothing more will be sent to it. */
function finish(end: Socket<End>): void {
  end.shutdown();
  owed.delete(end);
}

/** Who sends so many bytes at once has more of them. */
const much = 64 * 1024;

/** Has what comes carried past this process, which would have to copy it twice. */
function startCarrying(from: Socket<End>, to: Socket<End>): void {
  from.data.bulk = new Bulk(descriptorOf(from), descriptorOf(to), (broken) => {
    if (!broken) return stopCarrying(from, to);
    // Only whoever sees the error first is told, and that was us.
    for (const end of [from, to]) end.terminate();
  });
  from.pause();
}

function stopCarrying(from: Socket<End>, to: Socket<End>): void {
  const rest = from.data.bulk?.release();
  from.data.bulk = undefined;
  if (rest !== undefined && pass(from, to, rest)) from.resume();
}

const handlers: Bun.SocketHandler<End> = {
  data(from, bytes) {
    const to = from.data.peer;
    if (to === undefined) return;
    lastPassed = performance.now();
    stopCarrying(from, to);
    if (pass(from, to, bytes) && bytes.length >= much) startCarrying(from, to);
  },
  drain(to) {
    lastPassed = performance.now();
    const { waiting, peer, peerFinished } = to.data;
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const taken = Math.max(0, to.write(first));
      if (taken < first.length) {
        waiting[0] = first.subarray(taken);
        return;
      }
      waiting.shift();
    }
    if (peerFinished) finish(to);
    else if (peer?.data.bulk === undefined) peer?.resume();
  },
  end(from) {
    const to = from.data.peer;
    if (to === undefined) return;
    stopCarrying(from, to);
    stopCarrying(to, from);
    to.data.peerFinished = true;
    if (to.data.waiting.length === 0) finish(to);
  },
  close(from, error) {
    owed.delete(from);
    const to = from.data?.peer;
    if (to === undefined) return;
    stopCarrying(from, to);
    stopCarrying(to, from);
    to.data.peer = undefined;
    if (error) to.terminate();
    else if (to.data.waiting.length === 0) to.end();
    else to.data.peerFinished = true;
  },
  error() {}, // `close` follows
  connectError() {}, // the promise of the connection rejects
};
