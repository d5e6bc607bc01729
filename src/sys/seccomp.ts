/**
 * The seccomp filter of a container, as a classic BPF program over `struct seccomp_data` (seccomp(2)).
 * Numbers are sorted into runs of one verdict, and a binary search over the runs decides: about eight
 * instructions a system call, where a list would need hundreds.
 */
import type { Capability } from "./capabilities.ts";
import { gatedSyscalls, highestKnownSyscall } from "./gated-syscalls.ts";

export interface SeccompOptions {
  readonly capabilities: readonly Capability[];
  /** One-id mode: chown(2) and setgroups(2) report success and do nothing, as there is no other id to change to. */
  readonly pretendOwnership: boolean;
}

type Architecture = "x86_64" | "i386" | "aarch64";

/** A verdict is a return value, or a block of instructions that looks at arguments and returns. */
type Verdict = "allow" | "EPERM" | "ENOSYS" | "succeed" | "clone" | "socket" | "personality" | "ioctl";

interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

const LD_ABS = 0x20;
const JA = 0x05;
const JEQ = 0x15;
const JGE = 0x35;
const AND = 0x54;
const RET = 0x06;

const SECCOMP_RET_ALLOW = 0x7fff0000;
const SECCOMP_RET_ERRNO = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;

/** Offsets in struct seccomp_data: nr, arch, and the low halves of the arguments (little endian). */
const offset = { nr: 0, arch: 4, argument: (index: number) => 16 + 8 * index };

/** AUDIT_ARCH_* of linux/audit.h */
const auditArchitecture: Readonly<Record<Architecture, number>> = {
  x86_64: 0xc000003e,
  i386: 0x40000003,
  aarch64: 0xc00000b7,
};

const column: Readonly<Record<Architecture, 1 | 2 | 3>> = { x86_64: 1, i386: 2, aarch64: 3 };

const special: Readonly<Record<string, Readonly<Record<Architecture, number>>>> = {
  clone: { x86_64: 56, i386: 120, aarch64: 220 },
  clone3: { x86_64: 435, i386: 435, aarch64: 435 },
  socket: { x86_64: 41, i386: 359, aarch64: 198 },
  personality: { x86_64: 135, i386: 136, aarch64: 92 },
  ioctl: { x86_64: 16, i386: 54, aarch64: 29 },
};

/** chown, lchown, fchown, fchownat, their 32-bit-id forms on i386, and setgroups. */
const ownership: Readonly<Record<Architecture, readonly number[]>> = {
  x86_64: [92, 94, 93, 260, 116],
  i386: [182, 16, 95, 298, 212, 198, 207, 81, 206],
  aarch64: [55, 54, 159],
};

const CLONE_NEW_ANY = 0x7e020000;
const AF_ALG = 38;
const AF_VSOCK = 40;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

const statement = (code: number, k: number): Instruction => ({ code, jt: 0, jf: 0, k });
const jump = (code: number, k: number, jt: number, jf: number): Instruction => ({ code, jt, jf, k });
const allow = statement(RET, SECCOMP_RET_ALLOW);
const refuse = (errno: number) => statement(RET, SECCOMP_RET_ERRNO | errno);

function verdictBlock(verdict: Verdict): readonly Instruction[] {
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
  if (options.pretendOwnership) for (const number of ownership[architecture]) table[number] = "succeed";
  return table;
}

interface Run {
  readonly first: number;
  readonly verdict: Verdict;
}

function search(runs: readonly Run[]): readonly Instruction[] {
  if (runs.length === 1) return verdictBlock(runs[0]!.verdict);
  const middle = runs.length >> 1;
  const low = search(runs.slice(0, middle));
  const high = search(runs.slice(middle));
  return [jump(JGE, runs[middle]!.first, 0, 1), statement(JA, low.length), ...low, ...high];
}

function architectureBlock(architecture: Architecture, options: SeccompOptions): readonly Instruction[] {
  const runs: Run[] = [];
  for (const [first, verdict] of verdicts(architecture, options).entries()) {
    if (runs.at(-1)?.verdict !== verdict) runs.push({ first, verdict });
  }
  // x32 calls carry bit 30 and fall into the last run.
  runs.push({ first: highestKnownSyscall + 1, verdict: "ENOSYS" });
  return [statement(LD_ABS, offset.nr), ...search(runs)];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  }
  return bytes;
}

/** The filter for this machine and its 32-bit companion; calls of any other architecture answer ENOSYS. */
export function compileSeccomp(options: SeccompOptions, arch: string = process.arch): Uint8Array {
  const architectures: readonly Architecture[] = arch === "arm64" ? ["aarch64"] : ["x86_64", "i386"];
  const program: Instruction[] = [statement(LD_ABS, offset.arch)];
  for (const architecture of architectures) {
    const block = architectureBlock(architecture, options);
    program.push(jump(JEQ, auditArchitecture[architecture], 1, 0), statement(JA, block.length), ...block);
  }
  program.push(refuse(ENOSYS));
  return encode(program);
}
