/**
 * Classic BPF programs over `struct seccomp_data` (seccomp(2)), as data. A table of blocks by system call number becomes
 * a binary search over runs of the same block: about eight instructions a call, where a list would need hundreds.
 */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Instructions that end in a return. Equal blocks are to be one object, so that they make one run. */
export type Block = readonly Instruction[];

export const LD_ABS = 0x20;
export const JEQ = 0x15;
export const JGT = 0x25;
export const JGE = 0x35;
export const AND = 0x54;
const JA = 0x05;
const RET = 0x06;

export const SECCOMP_RET = {
  KILL_PROCESS: 0x80000000,
  KILL_THREAD: 0,
  TRAP: 0x00030000,
  ERRNO: 0x00050000,
  USER_NOTIF: 0x7fc00000,
  TRACE: 0x7ff00000,
  LOG: 0x7ffc0000,
  ALLOW: 0x7fff0000,
} as const;

export const EPERM = 1;
export const ENOSYS = 38;

/** Offsets in struct seccomp_data: nr, arch, and the halves of the arguments (little endian). */
export const offset = {
  nr: 0,
  arch: 4,
  argument: (index: number) => 16 + 8 * index,
  argumentHigh: (index: number) => 20 + 8 * index,
};

export const statement = (code: number, k: number): Instruction => ({ code, jt: 0, jf: 0, k });
export const jump = (code: number, k: number, jt: number, jf: number): Instruction => ({ code, jt, jf, k });
export const answer = (value: number): Instruction => statement(RET, value);
export const refuse = (errno: number): Instruction => answer(SECCOMP_RET.ERRNO | errno);

export type Architecture = "x86_64" | "i386" | "aarch64";

/** AUDIT_ARCH_* of linux/audit.h */
const auditArchitecture: Readonly<Record<Architecture, number>> = {
  x86_64: 0xc000003e,
  i386: 0x40000003,
  aarch64: 0xc00000b7,
};

/** The architecture that a filter is told of (`seccomp_data.arch`). */
export function architectureOf(audit: number): Architecture | undefined {
  return (Object.keys(auditArchitecture) as Architecture[]).find((name) => auditArchitecture[name] === audit);
}

/** Where the tables of numbers have an architecture. */
export const column: Readonly<Record<Architecture, 1 | 2 | 3>> = { x86_64: 1, i386: 2, aarch64: 3 };

/** The architecture of this machine, and its 32-bit companion. */
export function architecturesOf(arch: string): readonly [Architecture, ...Architecture[]] {
  return arch === "arm64" ? ["aarch64"] : ["x86_64", "i386"];
}

interface Run {
  readonly first: number;
  readonly block: Block;
}

function search(runs: readonly Run[]): readonly Instruction[] {
  if (runs.length === 1) return runs[0]!.block;
  const middle = runs.length >> 1;
  const low = search(runs.slice(0, middle));
  const high = search(runs.slice(middle));
  return [jump(JGE, runs[middle]!.first, 0, 1), statement(JA, low.length), ...low, ...high];
}

/** One architecture's part: a block for each number from 0, and one for all that come after (x32 calls carry bit 30). */
function architectureBlock(blocks: readonly Block[], beyond: Block): readonly Instruction[] {
  const runs: Run[] = [];
  for (const [first, block] of [...blocks, beyond].entries()) {
    if (runs.at(-1)?.block !== block) runs.push({ first, block });
  }
  return [statement(LD_ABS, offset.nr), ...search(runs)];
}

export interface ArchitectureFilter {
  readonly architecture: Architecture;
  readonly blocks: readonly Block[];
  readonly beyond: Block;
}

/** The program; calls of an architecture that is not among them answer ENOSYS. */
export function assemble(filters: readonly ArchitectureFilter[]): Uint8Array {
  const program: Instruction[] = [statement(LD_ABS, offset.arch)];
  for (const { architecture, blocks, beyond } of filters) {
    const block = architectureBlock(blocks, beyond);
    program.push(jump(JEQ, auditArchitecture[architecture], 1, 0), statement(JA, block.length), ...block);
  }
  program.push(refuse(ENOSYS));
  return encode(program);
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
