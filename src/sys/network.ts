/**
 * What a process needs that takes part in a container's network: namespaces, tap devices, and the sockets by which a
 * tap device is handed on. Sockets and devices are of the network namespace in which the calling thread is when it
 * makes them (for us, the thread that runs JavaScript), and stay there when the thread leaves.
 */
import { NR, O } from "./kernel-numbers.ts";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { bringInterfaceUp, ioctl } from "./libc.ts";
import { requireIPv6 } from "./require-ipv6.ts";
import { check, syscall, wasInterrupted } from "./system-call.ts";

/** Moves the calling thread into the network namespace of a process; needs to be root of its user namespace. */
export function enterNetworkNamespace(pid: number): void {
  const CLONE_NEWNET = 0x40000000;
  const fd = openSync(`/proc/${pid}/ns/net`, "r");
  try {
    check("setns", syscall(NR.setns, fd, CLONE_NEWNET, 0, 0, 0, 0));
  } finally {
    closeSync(fd);
  }
}

/** The largest frame with all that Linux puts in front of it. */
export const largestFrame = 65536 + 64;
/** `struct virtio_net_hdr`: stands before every frame of a tap device, and travels with it. */
export const frameHeaderSize = 10;

/**
 * A new tap device in the network namespace of this thread. It lives as long as somebody has the descriptor, reads of
 * which never wait. Frames may be as long as 64 KiB and without checksum, which whoever reads them passes on as it is.
 */
export function openTap(name: string): number {
  const [TUNSETIFF, TUNSETOFFLOAD] = [0x400454ca, 0x400454d0];
  const [IFF_TAP, IFF_NO_PI, IFF_VNET_HDR] = [0x2, 0x1000, 0x4000];
  const checksumAndSegmentation = 1 | 2 | 4;
  const fd = openSync("/dev/net/tun", O.RDWR | O.NONBLOCK | O.CLOEXEC);
  try {
    const request = Buffer.alloc(40);
    request.write(name, 0, 15, "latin1");
    request.writeInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, 16);
    ioctl(fd, TUNSETIFF, request);
    check("TUNSETOFFLOAD", syscall(NR.ioctl, fd, TUNSETOFFLOAD, checksumAndSegmentation, 0, 0, 0));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

export interface InterfaceSettings {
  readonly mac: readonly number[];
  readonly mtu: number;
  /** Four bytes each. */
  readonly address: readonly number[];
  readonly mask: readonly number[];
  /** Sixteen bytes. */
  readonly ipv6?: { readonly address: readonly number[]; readonly prefixLength: number };
}

/** Gives an Ethernet interface its addresses and brings it up (netdevice(7)). */
export function configureInterface(name: string, { mac, mtu, address, mask, ipv6 }: InterfaceSettings): void {
  if (ipv6) requireIPv6();
  const [SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFMTU, SIOCSIFHWADDR] = [0x8916, 0x891c, 0x8922, 0x8924];
  const [AF_INET, ARPHRD_ETHER] = [2, 1];
  const socket = check("socket", syscall(NR.socket, AF_INET, 2 | O.CLOEXEC, 0, 0, 0, 0));
  const set = (request: number, fill: (fields: Buffer) => void) => {
    const message = Buffer.alloc(40);
    message.write(name, 0, 15, "latin1");
    fill(message.subarray(16));
    ioctl(socket, request, message);
  };
  const internetAddress = (bytes: readonly number[]) => (fields: Buffer) => {
    fields.writeInt16LE(AF_INET, 0);
    fields.set(bytes, 4);
  };
  try {
    set(SIOCSIFHWADDR, (fields) => {
      fields.writeInt16LE(ARPHRD_ETHER, 0);
      fields.set(mac, 2);
    });
    set(SIOCSIFMTU, (fields) => fields.writeInt32LE(mtu, 0));
    set(SIOCSIFADDR, internetAddress(address));
    set(SIOCSIFNETMASK, internetAddress(mask));
  } finally {
    closeSync(socket);
  }
  // Nobody else has the address, so it need not be asked for, which takes a second.
  if (ipv6) writeFileSync(`/proc/sys/net/ipv6/conf/${name}/accept_dad`, "0");
  bringInterfaceUp(name);
  if (ipv6) addAddress6(name, ipv6);
}

/** Gives an interface an IPv6 address (ipv6(7): `struct in6_ifreq`). */
function addAddress6(name: string, { address, prefixLength }: NonNullable<InterfaceSettings["ipv6"]>): void {
  const [AF_INET6, SIOCGIFINDEX, SIOCSIFADDR] = [10, 0x8933, 0x8916];
  const socket = check("socket", syscall(NR.socket, AF_INET6, 2 | O.CLOEXEC, 0, 0, 0, 0));
  try {
    const request = Buffer.alloc(40);
    request.write(name, 0, 15, "latin1");
    ioctl(socket, SIOCGIFINDEX, request);
    const message = Buffer.alloc(24);
    message.set(address);
    message.writeUInt32LE(prefixLength, 16);
    message.writeInt32LE(request.readInt32LE(16), 20);
    ioctl(socket, SIOCSIFADDR, message);
  } finally {
    closeSync(socket);
  }
}

/** Calls back with a `struct sockaddr_un` for a path of any length: it names the directory by a descriptor. */
function withSocketAddress<T>(path: string, use: (address: Buffer) => T): T {
  const directory = openSync(dirname(path), O.PATH | O.DIRECTORY | O.CLOEXEC);
  try {
    const address = Buffer.alloc(110);
    address.writeInt16LE(1, 0); // AF_UNIX
    address.write(`/proc/self/fd/${directory}/${basename(path)}`, 2);
    return use(address);
  } finally {
    closeSync(directory);
  }
}

function unixSocket(): number {
  return check("socket", syscall(NR.socket, 1, 1 | O.CLOEXEC, 0, 0, 0, 0));
}

/** A stream socket that listens at a path, which must be free. */
export function listenAt(path: string): number {
  const socket = unixSocket();
  withSocketAddress(path, (address) =>
    check("bind", syscall(NR.bind, socket, address, address.length, 0, 0, 0), path),
  );
  check("listen", syscall(NR.listen, socket, 128, 0, 0, 0, 0));
  return socket;
}

/** A connected stream socket, or undefined when nobody listens there. */
export function connectTo(path: string): number | undefined {
  const socket = unixSocket();
  const result = withSocketAddress(path, (address) =>
    syscall(NR.connect, socket, address, address.length, 0, 0, 0),
  );
  if (result === 0) return socket;
  closeSync(socket);
  return undefined;
}

/** Ends a connection in both directions, for everybody who has the descriptor or reads from it (shutdown(2)). */
export function endConnection(socket: number): void {
  const SHUT_RDWR = 2;
  syscall(NR.shutdown, socket, SHUT_RDWR, 0, 0, 0, 0);
}

/** The next connection; waits for it. */
export function acceptFrom(listener: number): number {
  return check("accept4", syscall(NR.accept4, listener, null, null, O.CLOEXEC, 0, 0));
}

/** `struct pollfd`s as pairs: the descriptor, and what to wait for with what there is above it. */
export type PollSet = Int32Array;

export function pollSet(descriptors: readonly number[]): PollSet {
  const POLLIN = 1;
  return Int32Array.from(descriptors.flatMap((fd) => [fd, POLLIN]));
}

/** Whether the descriptor at this place of the set can be read, or is at its end. */
export function isReady(set: PollSet, index: number): boolean {
  return set[2 * index + 1]! >>> 16 !== 0;
}

/** Waits until one of the descriptors is ready, or `timeout` milliseconds; -1 is for ever. False after a timeout. */
export function pollDescriptors(set: PollSet, timeout: number): boolean {
  const milliseconds = BigInt(timeout);
  const limit =
    timeout < 0 ? null : BigUint64Array.of(milliseconds / 1000n, (milliseconds % 1000n) * 1_000_000n);
  const result = syscall(NR.ppoll, set, set.length / 2, limit, null, 0, 0);
  if (result < 0 && !wasInterrupted()) check("ppoll", result);
  return result > 0;
}

/** Memory for one frame, so that moving a frame costs two system calls and nothing else. */
export class FrameBuffer {
  readonly bytes = new Uint8Array(largestFrame);

  /** The size of the frame that was read; 0 or less when there is none. */
  readFrom(fd: number): number {
    return syscall(NR.read, fd, this.bytes, largestFrame, 0, 0, 0);
  }

  /** A device that cannot take a frame loses it, as networks do. */
  writeTo(fd: number, size: number): void {
    syscall(NR.write, fd, this.bytes, size, 0, 0, 0);
  }
}
