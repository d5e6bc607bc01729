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
  /** With `pretendOwnership`: chown(2) is told to whoever listens, and taking another identity reports success, too. */
  readonly recordOwnership?: boolean;
  /** No system call is refused: only worth a filter with `pretendOwnership`. */
  readonly unconfined?: boolean;
}

/** A verdict is a return value, or a block of instructions that looks at arguments and returns. */
type Verdict =
  | "allow"
  | "EPERM"
  | "ENOSYS"
  | "succeed"
  | "tell"
  | "clone"
  | "socket"
  | "personality"
  | "ioctl";

const special: Readonly<Record<string, Readonly<Record<Architecture, number>>>> = {
  clone: { x86_64: 56, i386: 120, aarch64: 220 },
  clone3: { x86_64: 435, i386: 435, aarch64: 435 },
  socket: { x86_64: 41, i386: 359, aarch64: 198 },
  personality: { x86_64: 135, i386: 136, aarch64: 92 },
  ioctl: { x86_64: 16, i386: 54, aarch64: 29 },
};

/** chown, lchown, fchown, fchownat, and their 32-bit-id forms on i386. */
export const chownCalls = {
  x86_64: { chown: [92], lchown: [94], fchown: [93], fchownat: [260] },
  i386: { chown: [212, 182], lchown: [198, 16], fchown: [207, 95], fchownat: [298] },
  aarch64: { chown: [], lchown: [], fchown: [55], fchownat: [54] },
} as const satisfies Readonly<Record<Architecture, Readonly<Record<string, readonly number[]>>>>;

const chowns = (architecture: Architecture): readonly number[] =>
  Object.values(chownCalls[architecture]).flat();

const setgroups: Readonly<Record<Architecture, readonly number[]>> = {
  x86_64: [116],
  i386: [81, 206],
  aarch64: [159],
};

/** chown in all its forms, and setgroups. */
export const ownership = (architecture: Architecture): readonly number[] => [
  ...chowns(architecture),
  ...setgroups[architecture],
];

/** set{u,g,reu,reg,resu,resg,fsu,fsg}id. */
const identityCalls: Readonly<Record<Architecture, readonly number[]>> = {
  x86_64: [105, 106, 113, 114, 117, 119, 122, 123],
  i386: [23, 46, 70, 71, 164, 170, 138, 139, 213, 214, 203, 204, 208, 210, 215, 216],
  aarch64: [146, 144, 145, 143, 147, 149, 151, 152],
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
    case "tell":
      return [answer(SECCOMP_RET.USER_NOTIF)];
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
    if (!options.pretendOwnership) return table;
    for (const number of ownership(architecture)) table[number] = "succeed";
    if (!options.recordOwnership) return table;
    for (const number of identityCalls[architecture]) table[number] = "succeed";
    for (const number of chowns(architecture)) table[number] = "tell";
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
