/** The listening side of a seccomp filter (seccomp_unotify(2)): system calls that wait until somebody answers them. */
import { NR } from "./kernel-numbers.ts";
import { type Architecture, architectureOf } from "./bpf.ts";
import { pollDescriptors, pollSet } from "./network.ts";
import { check, lastError, syscall, wasInterrupted } from "./system-call.ts";

/** `_IOWR('!', 0, struct seccomp_notif)` and so on (linux/seccomp.h). */
const NOTIF = { RECV: 0xc0502100, SEND: 0xc0182101, ID_VALID: 0x40082102 } as const;
const POLLIN = 1;
const ENOENT = 2;

export interface WaitingCall {
  readonly id: bigint;
  /** The thread that waits, as this process sees it. */
  readonly pid: number;
  readonly architecture: Architecture | undefined;
  readonly number: number;
  readonly args: readonly bigint[];
}

export class SeccompListener {
  readonly #fd: number;
  readonly #received = new Uint8Array(80);
  readonly #answer = new BigInt64Array(3);
  readonly #id = new BigUint64Array(1);

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The next call; undefined when nobody is left who has the filter. Waits without end. */
  next(): WaitingCall | undefined {
    for (;;) {
      const set = pollSet([this.#fd]);
      if (!pollDescriptors(set, -1)) continue;
      if (((set[1]! >>> 16) & POLLIN) === 0) return undefined; // hung up
      this.#received.fill(0); // the kernel insists
      const result = syscall(NR.ioctl, this.#fd, NOTIF.RECV, this.#received, 0, 0, 0);
      if (result < 0 && (lastError() === ENOENT || wasInterrupted())) continue; // who asked was killed meanwhile
      check("ioctl", result, "SECCOMP_IOCTL_NOTIF_RECV");
      const view = new DataView(this.#received.buffer);
      return {
        id: view.getBigUint64(0, true),
        pid: view.getUint32(8, true),
        number: view.getInt32(16, true),
        architecture: architectureOf(view.getUint32(20, true)),
        args: [32, 40, 48, 56, 64, 72].map((offset) => view.getBigUint64(offset, true)),
      };
    }
  }

  /** Whether it still waits: otherwise its pid may be somebody else's by now. */
  waits({ id }: WaitingCall): boolean {
    this.#id[0] = id;
    return syscall(NR.ioctl, this.#fd, NOTIF.ID_VALID, this.#id, 0, 0, 0) === 0;
  }

  /** Has it return 0, or fail with an error, a negative errno. One that has been killed meanwhile needs no answer. */
  answer({ id }: WaitingCall, error: number): void {
    this.#answer[0] = BigInt.asIntN(64, id);
    this.#answer[1] = 0n;
    this.#answer[2] = BigInt.asUintN(32, BigInt(error)); // error, and no flags above it
    const result = syscall(NR.ioctl, this.#fd, NOTIF.SEND, this.#answer, 0, 0, 0);
    if (result < 0 && lastError() !== ENOENT) check("ioctl", result, "SECCOMP_IOCTL_NOTIF_SEND");
  }
}
