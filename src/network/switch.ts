/**
 * The role `internal-switch`: the Ethernet switch of one user-defined network. It holds a descriptor of the tap device of
 * every member, and carries frames from one to the others. One process for a network, with no more rights than its user;
 * containers reach it by nothing but frames.
 *
 * ```
 * member (agent/link.ts)                  switch
 *   tap device, made inside
 *   connect                        ─────▶
 *   descriptor of the device       ─────▶
 *   its hardware address, 6 bytes  ─────▶  frames flow
 *   end of the connection          ─────▶  the device is let go
 * ```
 *
 * Nothing is lost with it: members keep their devices, and plug them into the next one. Whoever holds the lock of the
 * socket is the switch, so any number may be started. It ends when it has had no member for a while.
 */
import { closeSync, readFileSync, readSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemErrorCode } from "../base/errors.ts";
import { tryLock } from "../sys/flock.ts";
import { receiveDescriptor, startSession } from "../sys/libc.ts";
import {
  acceptFrom,
  FrameBuffer,
  frameHeaderSize,
  isReady,
  listenAt,
  type PollSet,
  pollDescriptors,
  pollSet,
} from "../sys/network.ts";

/** Milliseconds without a member after which nobody is expected any more. */
const lonely = 2_000;
/** Frames of one device in a row, so that a busy one does not keep the others waiting. */
const fairShare = 64;

interface Port {
  readonly connection: number;
  readonly device: number;
  /** As in `addressAt`. */
  readonly address: number;
}

/** Entry of the role; standard input says where to listen. Returns when nobody needs it any more. */
export async function switchMain(): Promise<number> {
  const path = readFileSync(0, "utf8");
  startSession();
  using lock = tryLock(join(dirname(path), "locks"), path, "exclusive");
  if (lock === undefined) return 0;
  removeSocket(path);
  const listener = listenAt(path);
  let ports: readonly Port[] = [];
  let set = pollSetOf(listener, ports);
  while (pollDescriptors(set, ports.length === 0 ? lonely : -1) || ports.length > 0) {
    let changed: readonly Port[] = ports.filter(({ connection }, index) => {
      if (!isReady(set, 1 + index)) return true;
      closeSync(connection);
      return false;
    });
    carryFrames(set, ports);
    for (const { device } of ports.filter((port) => !changed.includes(port))) closeSync(device);
    if (isReady(set, 0)) changed = [...changed, ...acceptPort(listener)];
    if (changed.length === ports.length && !isReady(set, 0)) continue;
    ports = changed;
    set = pollSetOf(listener, ports);
  }
  removeSocket(path);
  return 0;
}

/** First the listener, then all connections, then all devices. */
function pollSetOf(listener: number, ports: readonly Port[]): PollSet {
  return pollSet([
    listener,
    ...ports.map(({ connection }) => connection),
    ...ports.map(({ device }) => device),
  ]);
}

/** One member that plugs in; none when it was gone before it had said everything. */
function acceptPort(listener: number): Port[] {
  const connection = acceptFrom(listener);
  try {
    const device = receiveDescriptor(connection);
    const mac = new Uint8Array(6);
    if (readSync(connection, mac) === mac.length) return [{ connection, device, address: addressAt(mac, 0) }];
    closeSync(device);
  } catch {
    // Nobody to tell: it plugs in again, if it still wants to.
  }
  closeSync(connection);
  return [];
}

const frame = new FrameBuffer();

/** Carries what there is to where it belongs: one member, or all others. A member has one address and no other. */
function carryFrames(set: PollSet, ports: readonly Port[]): void {
  const byAddress = new Map(ports.map((port) => [port.address, port]));
  for (const [index, port] of ports.entries()) {
    if (!isReady(set, 1 + ports.length + index)) continue;
    for (let count = 0; count < fairShare; count++) {
      const size = frame.readFrom(port.device);
      if (size <= 0) break;
      if (addressAt(frame.bytes, frameHeaderSize + 6) !== port.address) continue;
      if (frame.bytes[frameHeaderSize]! & 1) {
        for (const other of ports) if (other !== port) frame.writeTo(other.device, size);
      } else {
        const to = byAddress.get(addressAt(frame.bytes, frameHeaderSize));
        if (to !== undefined && to !== port) frame.writeTo(to.device, size);
      }
    }
  }
}

/** Six bytes as one number, which is a quick key. */
function addressAt(bytes: Uint8Array, offset: number): number {
  const high = bytes[offset]! * 256 + bytes[offset + 1]!;
  const low =
    bytes[offset + 2]! * 2 ** 24 +
    (bytes[offset + 3]! << 16) +
    (bytes[offset + 4]! << 8) +
    bytes[offset + 5]!;
  return high * 2 ** 32 + low;
}

function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}
