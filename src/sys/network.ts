/**
 * What a process needs that takes part in a container's network: namespaces, tap devices, and the sockets by which a
 * tap device is handed on. Sockets and devices are of the network namespace in which the calling thread is when it
 * makes them (for us, the thread that runs JavaScript), and stay there when the thread leaves.
 */
import { dlopen, FFIType, ptr, read } from "bun:ffi";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { bringInterfaceUp, ioctl, O } from "./libc.ts";
import { requireIPv6 } from "./require-ipv6.ts";
import { SystemCallError } from "./system-call-error.ts";

const { symbols: c } = dlopen("libc.so.6", {
  __errno_location: { args: [], returns: "ptr" },
  setns: { args: ["i32", "i32"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  shutdown: { args: ["i32", "i32"], returns: "i32" },
  accept4: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "u64"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: FFIType.i64_fast },
  write: { args: ["i32", "ptr", "u64"], returns: FFIType.i64_fast },
});

function check(call: string, result: number, subject?: string): number {
  if (result < 0) throw new SystemCallError(call, read.i32(c.__errno_location()!), subject);
  return result;
}

/** Moves the calling thread into the network namespace of a process; needs to be root of its user namespace. */
export function enterNetworkNamespace(pid: number): void {
  const CLONE_NEWNET = 0x40000000;
  const fd = openSync(`/proc/${pid}/ns/net`, "r");
  try {
    check("setns", c.setns(fd, CLONE_NEWNET));
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
    check("TUNSETOFFLOAD", c.ioctl(fd, TUNSETOFFLOAD, checksumAndSegmentation));
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
  const socket = check("socket", c.socket(AF_INET, 2 | O.CLOEXEC, 0));
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
  const socket = check("socket", c.socket(AF_INET6, 2 | O.CLOEXEC, 0));
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
  return check("socket", c.socket(1, 1 | O.CLOEXEC, 0));
}

/** A stream socket that listens at a path, which must be free. */
export function listenAt(path: string): number {
  const socket = unixSocket();
  withSocketAddress(path, (address) => check("bind", c.bind(socket, address, address.length), path));
  check("listen", c.listen(socket, 128));
  return socket;
}

/** A connected stream socket, or undefined when nobody listens there. */
export function connectTo(path: string): number | undefined {
  const socket = unixSocket();
  const result = withSocketAddress(path, (address) => c.connect(socket, address, address.length));
  if (result === 0) return socket;
  closeSync(socket);
  return undefined;
}

/** Ends a connection in both directions, for everybody who has the descriptor or reads from it (shutdown(2)). */
export function endConnection(socket: number): void {
  const SHUT_RDWR = 2;
  c.shutdown(socket, SHUT_RDWR);
}

/** The next connection; waits for it. */
export function acceptFrom(listener: number): number {
  return check("accept4", c.accept4(listener, null, null, O.CLOEXEC));
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
  const EINTR = 4;
  const result = c.poll(set, set.length / 2, timeout);
  if (result < 0 && read.i32(c.__errno_location()!) !== EINTR) check("poll", result);
  return result > 0;
}

/** Memory for one frame at a fixed address, so that moving a frame costs two system calls and nothing else. */
export class FrameBuffer {
  readonly bytes = new Uint8Array(largestFrame);
  readonly #address = ptr(this.bytes);

  /** The size of the frame that was read; 0 or less when there is none. */
  readFrom(fd: number): number {
    return Number(c.read(fd, this.#address, largestFrame));
  }

  /** A device that cannot take a frame loses it, as networks do. */
  writeTo(fd: number, size: number): void {
    c.write(fd, this.#address, size);
  }
}
