import { describe, expect, test } from "bun:test";
import { defaultCapabilities } from "../../../src/sys/capabilities.ts";
import { gatedSyscalls } from "../../../src/sys/gated-syscalls.ts";
import {
  allowed,
  EPERM,
  ENOSYS,
  evaluate,
  i386,
  aarch64,
  refused,
  x86_64,
} from "../../support/evaluate-bpf.ts";
import { compileSeccomp, type SeccompOptions } from "../../../src/sys/seccomp.ts";

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

  test("with one id, tells of chown where somebody writes it down, and lets programs become others", () => {
    const options = { capabilities: [], pretendOwnership: true, recordOwnership: true };
    const recording = compileSeccomp(options, "x64");
    const told = 0x7fc00000;
    const verdict = (nr: number, arch = x86_64) => evaluate(recording, { nr, arch, args: [] });
    for (const nr of [92, 93, 94, 260]) expect(verdict(nr)).toBe(told);
    for (const nr of [182, 16, 95, 298, 212, 198, 207]) expect(verdict(nr, i386)).toBe(told);
    for (const nr of [116, 105, 106, 117, 119]) expect(verdict(nr)).toBe(refused(0));
    const arm = compileSeccomp(options, "arm64");
    for (const nr of [54, 55]) expect(evaluate(arm, { nr, arch: aarch64, args: [] })).toBe(told);
    expect(verdict(90)).toBe(allowed); // chmod
  });

  test("is a valid program for arm64 and fits the kernel's limit", () => {
    const arm = compileSeccomp(defaults, "arm64");
    expect(evaluate(arm, { nr: 221, arch: aarch64 })).toBe(allowed);
    expect(evaluate(arm, { nr: 40, arch: aarch64 })).toBe(refused(EPERM));
    for (const bytes of [arm, program]) expect(bytes.length / 8).toBeLessThan(4096);
  });
});
