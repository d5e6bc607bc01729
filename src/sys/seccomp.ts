/** The seccomp filter of a container, as a classic BPF program (seccomp(2)). */
import {
  AND,
  type Architecture,
  answer,
  architecturesOf,
  assemble,
  type Block,
  column,
  ENOSYS,
  EPERM,
  JEQ,
  jump,
  LD_ABS,
  offset,
  refuse,
  SECCOMP_RET,
  statement,
} from "./bpf.ts";
import type { Capability } from "./capabilities.ts";
import { gatedSyscalls, highestKnownSyscall } from "./gated-syscalls.ts";

export interface SeccompOptions {
  readonly capabilities: readonly Capability[];
  /** One-id mode: chown(2) and setgroups(2) report success and do nothing, as there is no other id to change to. */
  readonly pretendOwnership: boolean;
  /** No system call is refused: only worth a filter with `pretendOwnership`. */
  readonly unconfined?: boolean;
}

/** A verdict is a return value, or a block of instructions that looks at arguments and returns. */
type Verdict = "allow" | "EPERM" | "ENOSYS" | "succeed" | "clone" | "socket" | "personality" | "ioctl";

const special: Readonly<Record<string, Readonly<Record<Architecture, number>>>> = {
  clone: { x86_64: 56, i386: 120, aarch64: 220 },
  clone3: { x86_64: 435, i386: 435, aarch64: 435 },
  socket: { x86_64: 41, i386: 359, aarch64: 198 },
  personality: { x86_64: 135, i386: 136, aarch64: 92 },
  ioctl: { x86_64: 16, i386: 54, aarch64: 29 },
};

/** chown, lchown, fchown, fchownat, their 32-bit-id forms on i386, and setgroups. */
export const ownership: Readonly<Record<Architecture, readonly number[]>> = {
  x86_64: [92, 94, 93, 260, 116],
  i386: [182, 16, 95, 298, 212, 198, 207, 81, 206],
  aarch64: [55, 54, 159],
};

const CLONE_NEW_ANY = 0x7e020000;
const AF_ALG = 38;
const AF_VSOCK = 40;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

const allow = answer(SECCOMP_RET.ALLOW);

function verdictBlock(verdict: Verdict): Block {
  switch (verdict) {
    case "allow":
      return [allow];
    case "EPERM":
      return [refuse(EPERM)];
    case "ENOSYS":
      return [refuse(ENOSYS)];
    case "succeed":
      return [refuse(0)];
    case "clone": // no new namespaces
      return [
        statement(LD_ABS, offset.argument(0)),
        statement(AND, CLONE_NEW_ANY),
        jump(JEQ, 0, 0, 1),
        allow,
        refuse(EPERM),
      ];
    case "socket": // the kernel's ciphers (CVE-2026-31431), and the machine's hypervisor
      return [
        statement(LD_ABS, offset.argument(0)),
        jump(JEQ, AF_ALG, 1, 0),
        jump(JEQ, AF_VSOCK, 0, 1),
        refuse(EPERM),
        allow,
      ];
    case "personality": // PER_LINUX, PER_LINUX32, both with UNAME26, and the query
      return [
        statement(LD_ABS, offset.argument(0)),
        jump(JEQ, 0x0, 4, 0),
        jump(JEQ, 0x8, 3, 0),
        jump(JEQ, 0x20000, 2, 0),
        jump(JEQ, 0x20008, 1, 0),
        jump(JEQ, 0xffffffff, 0, 1),
        allow,
        refuse(EPERM),
      ];
    case "ioctl": // typing into the terminal of the person (CVE-2017-5226, CVE-2023-28100)
      return [
        statement(LD_ABS, offset.argument(1)),
        jump(JEQ, TIOCSTI, 1, 0),
        jump(JEQ, TIOCLINUX, 0, 1),
        refuse(EPERM),
        allow,
      ];
    default:
      return verdict satisfies never;
  }
}

/** One verdict for each number up to the highest known. */
function verdicts(architecture: Architecture, options: SeccompOptions): Verdict[] {
  const table = new Array<Verdict>(highestKnownSyscall + 1).fill("allow");
  const pretend = () => {
    if (options.pretendOwnership) for (const number of ownership[architecture]) table[number] = "succeed";
    return table;
  };
  if (options.unconfined) return pretend();
  const held = new Set<string>(options.capabilities);
  for (const entry of gatedSyscalls) {
    const number = entry[column[architecture]];
    if (number >= 0 && !entry[4].some((capability) => held.has(capability))) table[number] = "EPERM";
  }
  const at = (name: keyof typeof special) => special[name]![architecture];
  if (!held.has("SYS_ADMIN")) {
    table[at("clone")] = "clone";
    table[at("clone3")] = "ENOSYS"; // its flags are behind a pointer; libraries fall back to clone
  }
  table[at("socket")] = "socket";
  table[at("personality")] = "personality";
  table[at("ioctl")] = "ioctl";
  return pretend();
}

/** The filter for this machine and its 32-bit companion; calls of any other architecture answer ENOSYS. */
export function compileSeccomp(options: SeccompOptions, arch: string = process.arch): Uint8Array {
  const blocks = new Map<Verdict, Block>();
  const blockOf = (verdict: Verdict) => {
    const block = blocks.get(verdict) ?? verdictBlock(verdict);
    blocks.set(verdict, block);
    return block;
  };
  return assemble(
    architecturesOf(arch).map((architecture) => ({
      architecture,
      blocks: verdicts(architecture, options).map(blockOf),
      beyond: blockOf(options.unconfined ? "allow" : "ENOSYS"),
    })),
  );
}
