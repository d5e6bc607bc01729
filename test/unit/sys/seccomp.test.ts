import { describe, expect, test } from "bun:test";
import { defaultCapabilities } from "../../../src/sys/capabilities.ts";
import { gatedSyscalls } from "../../../src/sys/gated-syscalls.ts";
import { compileSeccomp, type SeccompOptions } from "../../../src/sys/seccomp.ts";

/** Runs a classic BPF program as the kernel does, over nr, arch and the low halves of the arguments. */
function evaluate(program: Uint8Array, call: { nr: number; arch: number; args?: readonly number[] }): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = new Map<number, number>([
    [0, call.nr],
    [4, call.arch],
    ...(call.args ?? []).map((value, index) => [16 + 8 * index, value] as const),
  ]);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const code = view.getUint16(at * 8, true);
    const k = view.getUint32(at * 8 + 4, true);
    const branch = (taken: boolean) => view.getUint8(at * 8 + (taken ? 2 : 3));
    if (code === 0x20) accumulator = (data.get(k) ?? 0) >>> 0;
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x05) at += k;
    else if (code === 0x15) at += branch(accumulator === k);
    else if (code === 0x35) at += branch(accumulator >= k);
    else if (code === 0x06) return k;
    else throw new Error(`instruction ${code} at ${at}`);
  }
  throw new Error("the program ended without a return");
}

const x86_64 = 0xc000003e;
const i386 = 0x40000003;
const aarch64 = 0xc00000b7;
const allowed = 0x7fff0000;
const refused = (errno: number) => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;

const defaults: SeccompOptions = { capabilities: defaultCapabilities, pretendOwnership: false };
const program = compileSeccomp(defaults, "x64");
const call = (nr: number, args: readonly number[] = [], arch = x86_64) =>
  evaluate(program, { nr, arch, args });

describe("the seccomp filter", () => {
  test("lets ordinary calls through on both ABIs", () => {
    for (const nr of [0, 1, 9, 59, 257, 322, 437]) expect(call(nr)).toBe(allowed);
    for (const nr of [3, 4, 11, 192, 295]) expect(call(nr, [], i386)).toBe(allowed);
  });

  test("refuses every gated call, also through the 32-bit ABI", () => {
    const held = new Set<string>(defaultCapabilities);
    for (const [name, on64, on32, , capabilities] of gatedSyscalls) {
      const verdict = capabilities.some((capability) => held.has(capability)) ? allowed : refused(EPERM);
      if (on64 >= 0) expect([name, call(on64)]).toEqual([name, verdict]);
      if (on32 >= 0) expect([name, call(on32, [], i386)]).toEqual([name, verdict]);
    }
  });

  test("allows new processes and threads, and no new namespaces", () => {
    const thread = 0x003d0f00;
    expect(call(56, [thread])).toBe(allowed);
    for (const flag of [0x10000000, 0x20000, 0x40000000, 0x02000000]) {
      expect(call(56, [thread | flag])).toBe(refused(EPERM));
      expect(call(120, [flag], i386)).toBe(refused(EPERM));
    }
    expect(call(435)).toBe(refused(ENOSYS));
  });

  test("refuses to type into a terminal, whatever the upper half of the request says", () => {
    expect(call(16, [0, 0x5412])).toBe(refused(EPERM));
    expect(call(16, [0, 0x541c])).toBe(refused(EPERM));
    expect(call(54, [0, 0x5412], i386)).toBe(refused(EPERM));
    expect(call(16, [0, 0x5413])).toBe(allowed);
  });

  test("knows only harmless personalities and neither vsock nor the kernel's ciphers", () => {
    for (const persona of [0, 8, 0x20000, 0x20008, 0xffffffff]) expect(call(135, [persona])).toBe(allowed);
    expect(call(135, [0x0040000])).toBe(refused(EPERM));
    expect(call(41, [2])).toBe(allowed);
    expect(call(41, [39])).toBe(allowed);
    for (const family of [38, 40]) {
      expect(call(41, [family])).toBe(refused(EPERM));
      expect(call(359, [family], i386)).toBe(refused(EPERM));
    }
  });

  test("answers ENOSYS to what it does not know: new calls, x32, other architectures", () => {
    expect(call(1000)).toBe(refused(ENOSYS));
    expect(call(0x40000000 | 59)).toBe(refused(ENOSYS));
    expect(call(59, [], aarch64)).toBe(refused(ENOSYS));
  });

  test("opens gates with their capability", () => {
    const admin = compileSeccomp({ capabilities: ["SYS_ADMIN"], pretendOwnership: false }, "x64");
    for (const nr of [165, 272, 435, 308]) expect(evaluate(admin, { nr, arch: x86_64 })).toBe(allowed);
    expect(evaluate(admin, { nr: 56, arch: x86_64, args: [0x10000000] })).toBe(allowed);
    expect(evaluate(admin, { nr: 155, arch: x86_64 })).toBe(refused(EPERM));
  });

  test("lets changes of owner succeed without effect in one-id mode", () => {
    const single = compileSeccomp({ capabilities: [], pretendOwnership: true }, "x64");
    for (const nr of [92, 93, 94, 260, 116]) expect(evaluate(single, { nr, arch: x86_64 })).toBe(refused(0));
    expect(evaluate(single, { nr: 212, arch: i386 })).toBe(refused(0));
  });

  test("is a valid program for arm64 and fits the kernel's limit", () => {
    const arm = compileSeccomp(defaults, "arm64");
    expect(evaluate(arm, { nr: 221, arch: aarch64 })).toBe(allowed);
    expect(evaluate(arm, { nr: 40, arch: aarch64 })).toBe(refused(EPERM));
    for (const bytes of [arm, program]) expect(bytes.length / 8).toBeLessThan(4096);
  });
});
