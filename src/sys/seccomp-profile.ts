/**
 * Docker's seccomp profiles: JSON to a BPF program. What it says is decided as libseccomp does: a rule without
 * conditions beats those with conditions, which are tried in the order of the file.
 */
import { release } from "node:os";
import { BerthError, messageOf } from "../base/errors.ts";
import {
  type Architecture,
  answer,
  architecturesOf,
  assemble,
  type Block,
  column,
  ENOSYS,
  EPERM,
  type Instruction,
  refuse,
  SECCOMP_RET,
} from "./bpf.ts";
import type { Capability } from "./capabilities.ts";
import { highestKnownSyscall } from "./gated-syscalls.ts";
import { ownership } from "./seccomp.ts";
import { type Condition, isOperator, ruleInstructions } from "./seccomp-conditions.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

interface Rule {
  readonly names: readonly string[];
  readonly action: number;
  readonly conditions: readonly Condition[];
}

export interface ProfileOptions {
  readonly capabilities: readonly Capability[];
  /** As in SeccompOptions: what the profile allows of it does nothing. */
  readonly pretendOwnership: boolean;
}

/** Throws `invalid-argument` for what is no profile, `unsupported` for what only a listening program could decide. */
export function compileSeccompProfile(
  text: string,
  options: ProfileOptions,
  machine: { readonly arch: string; readonly kernel: string } = { arch: process.arch, kernel: release() },
): Uint8Array {
  const profile = parse(text);
  const errno = profile.defaultErrnoRet;
  const fallback = action(profile.defaultAction, errno, "defaultAction");
  const goArchitecture = machine.arch === "arm64" ? "arm64" : "amd64";
  const rules = list(profile.syscalls, "syscalls")
    .filter((entry) => applies(entry, options.capabilities, goArchitecture, machine.kernel))
    .map(ruleOf);
  const [native, ...companions] = architecturesOf(machine.arch);
  const architectures = [native, ...companions.filter((name) => isListed(profile, native, name))];
  const blocks = new BlockTable();
  return assemble(
    architectures.map((architecture) => {
      const numbers = syscallNumbers(column[architecture]);
      const byNumber = new Map<number, Rule[]>();
      for (const rule of rules) {
        for (const name of rule.names) {
          const number = numbers.get(name); // a name that no kernel of ours has is of another one
          if (number !== undefined) byNumber.set(number, [...(byNumber.get(number) ?? []), rule]);
        }
      }
      // What is newer than the profile is not refused but missing, so that libraries fall back (as runc decides it).
      const newest = Math.max(-1, ...byNumber.keys());
      const lenient = fallback >= SECCOMP_RET.TRACE && fallback <= SECCOMP_RET.ALLOW;
      const missing = lenient ? answer(fallback) : refuse(ENOSYS);
      const table: Block[] = [];
      for (let number = 0; number <= highestKnownSyscall; number++) {
        const found = byNumber.get(number) ?? [];
        table.push(blocks.of(found, number > newest ? missing : answer(fallback)));
      }
      if (options.pretendOwnership) {
        const allowed = blocks.of([], answer(SECCOMP_RET.ALLOW));
        for (const number of ownership(architecture))
          if (table[number] === allowed) table[number] = blocks.of([], refuse(0));
      }
      return { architecture, blocks: table, beyond: blocks.of([], missing) };
    }),
  );
}

type Json = Readonly<Record<string, unknown>>;

const invalid = (why: string) => new BerthError("invalid-argument", `invalid seccomp profile: ${why}`);

function parse(text: string): Json {
  let profile: unknown;
  try {
    profile = JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown);
  } catch (cause) {
    throw new BerthError("invalid-argument", `Decoding seccomp profile failed: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (typeof profile !== "object" || profile === null || Array.isArray(profile))
    throw invalid("it is no object");
  const json = profile as Json;
  if (list(json.architectures, "architectures").length > 0 && list(json.archMap, "archMap").length > 0)
    throw invalid(
      "'architectures' and 'archMap' were specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  for (const flag of list(json.flags, "flags")) {
    // A container's filter is installed while it has one thread.
    if (flag !== "SECCOMP_FILTER_FLAG_TSYNC") throw unsupported(`the flag ${flag}`);
  }
  if (json.listenerPath) throw unsupported("a listener (listenerPath)");
  return json;
}

/** A number that is too large for a double stays text (the reviver's third argument is ES2026). */
function keepDigits(_: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) ? source : value;
}

function unsupported(what: string): BerthError {
  return new BerthError("unsupported", `berth does not support ${what} of a seccomp profile`);
}

function list(value: unknown, name: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`${name} is no list`);
  return value;
}

function isListed(profile: Json, native: Architecture, wanted: Architecture): boolean {
  const names = { x86_64: "SCMP_ARCH_X86_64", i386: "SCMP_ARCH_X86", aarch64: "SCMP_ARCH_AARCH64" };
  if (list(profile.architectures, "architectures").includes(names[wanted])) return true;
  return (list(profile.archMap, "archMap") as Json[]).some(
    (entry) =>
      entry.architecture === names[native] &&
      list(entry.subArchitectures, "subArchitectures").includes(names[wanted]),
  );
}

function ruleOf(entry: unknown): Rule {
  const json = entry as Json;
  const names = list(json.names, "names") as string[];
  if (typeof json.name === "string" && json.name !== "" && names.length > 0)
    throw invalid("'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'");
  const all = names.length > 0 ? names : [String(json.name ?? "")];
  return {
    names: all,
    action: action(json.action, json.errnoRet, all.join(", ")),
    conditions: list(json.args, "args").map(conditionOf),
  };
}

function action(name: unknown, errno: unknown, where: string): number {
  const number = errno === undefined || errno === null ? EPERM : Number(errno);
  if (!Number.isInteger(number) || number < 0 || number > 0xffff)
    throw invalid(`errnoRet ${errno} of ${where}`);
  switch (name) {
    case "SCMP_ACT_ALLOW":
      return SECCOMP_RET.ALLOW;
    case "SCMP_ACT_ERRNO":
      return SECCOMP_RET.ERRNO | number;
    case "SCMP_ACT_KILL":
    case "SCMP_ACT_KILL_THREAD":
      return SECCOMP_RET.KILL_THREAD;
    case "SCMP_ACT_KILL_PROCESS":
      return SECCOMP_RET.KILL_PROCESS;
    case "SCMP_ACT_TRAP":
      return SECCOMP_RET.TRAP;
    case "SCMP_ACT_TRACE":
      return SECCOMP_RET.TRACE | number;
    case "SCMP_ACT_LOG":
      return SECCOMP_RET.LOG;
    case "SCMP_ACT_NOTIFY":
      throw unsupported("the action SCMP_ACT_NOTIFY, which needs a listening program,");
  }
  throw invalid(`unknown action ${JSON.stringify(name ?? "")} of ${where}`);
}

function conditionOf(entry: unknown): Condition {
  const { index, value, valueTwo, op } = entry as Json;
  if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index > 5)
    throw invalid(`argument ${index} of a system call: there are 0 to 5`);
  if (!isOperator(op)) throw invalid(`unknown comparison ${JSON.stringify(op ?? "")}`);
  return { index, value: unsigned(value), valueTwo: unsigned(valueTwo), op };
}

function unsigned(value: unknown): bigint {
  if (/^\d+$/.test(String(value ?? 0)) && BigInt(String(value ?? 0)) < 2n ** 64n)
    return BigInt(String(value ?? 0));
  throw invalid(`${JSON.stringify(value)} is no unsigned number of 64 bits`);
}

/** `includes` and `excludes`, as moby evaluates them (profiles/seccomp/seccomp_linux.go). */
function applies(entry: unknown, held: readonly Capability[], architecture: string, kernel: string): boolean {
  if (typeof entry !== "object" || entry === null) throw invalid("a rule is no object");
  const has = (name: unknown) => held.some((capability) => `CAP_${capability}` === name);
  const { includes, excludes } = entry as { readonly includes?: Json; readonly excludes?: Json };
  if (includes) {
    const arches = list(includes.arches, "arches");
    if (arches.length > 0 && !arches.includes(architecture)) return false;
    if (!list(includes.caps, "caps").every(has)) return false;
    if (includes.minKernel && !isAtLeast(kernel, String(includes.minKernel))) return false;
  }
  if (excludes) {
    if (list(excludes.arches, "arches").includes(architecture)) return false;
    if (list(excludes.caps, "caps").some(has)) return false;
    if (excludes.minKernel && isAtLeast(kernel, String(excludes.minKernel))) return false;
  }
  return true;
}

function isAtLeast(kernel: string, wanted: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(wanted) ?? [];
  if (major === undefined) throw invalid(`minKernel ${JSON.stringify(wanted)}: major.minor is expected`);
  const [ours = 0, oursMinor = 0] = kernel.split(".").map((part) => Number.parseInt(part, 10));
  return ours > Number(major) || (ours === Number(major) && oursMinor >= Number(minor));
}

/** Makes each block once, so that neighbours with the same one become one run. */
class BlockTable {
  readonly #blocks = new Map<string, Block>();

  of(rules: readonly Rule[], otherwise: Instruction): Block {
    const plain = rules.find(({ conditions }) => conditions.length === 0);
    const conditional = plain === undefined ? rules.flatMap(perArgument) : [];
    const block = [
      ...conditional.flatMap(({ conditions, action }) => ruleInstructions(conditions, action)),
      plain === undefined ? otherwise : answer(plain.action),
    ];
    const key = JSON.stringify(block);
    const known = this.#blocks.get(key) ?? block;
    this.#blocks.set(key, known);
    return known;
  }
}

/** Conditions must all hold, but several on one argument are alternatives: a rule for each, as runc makes them. */
function perArgument(rule: Rule): readonly Rule[] {
  const { conditions } = rule;
  const repeats = new Set(conditions.map(({ index }) => index)).size < conditions.length;
  return repeats ? conditions.map((condition) => ({ ...rule, conditions: [condition] })) : [rule];
}
