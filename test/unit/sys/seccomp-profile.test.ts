import { describe, expect, test } from "bun:test";
import { defaultCapabilities } from "../../../src/sys/capabilities.ts";
import { highestKnownSyscall } from "../../../src/sys/gated-syscalls.ts";
import { compileSeccompProfile } from "../../../src/sys/seccomp-profile.ts";
import { syscallNumbers } from "../../../src/sys/syscall-numbers.ts";
import {
  aarch64,
  allowed,
  ENOSYS,
  EPERM,
  evaluate,
  i386,
  refused,
  x86_64,
} from "../../support/evaluate-bpf.ts";

const options = { capabilities: defaultCapabilities, pretendOwnership: false };
const numbers = syscallNumbers(1);
const nr = (name: string) => numbers.get(name)!;

/** A profile that allows what its rules allow, and what it answers. */
function compiled(profile: object, machine = { arch: "x64", kernel: "6.1.0" }, given = options) {
  const complete = { defaultAction: "SCMP_ACT_ERRNO", ...profile };
  const program = compileSeccompProfile(JSON.stringify(complete), given, machine);
  return (name: string, ...args: (number | bigint)[]) =>
    evaluate(program, { nr: nr(name), arch: x86_64, args });
}
const allow = (names: string[], more: object = {}) => ({ names, action: "SCMP_ACT_ALLOW", ...more });

describe("a seccomp profile", () => {
  test("allows what it lists, refuses the rest, and misses what is newer than it", () => {
    const call = compiled({ syscalls: [allow(["read", "openat2", "of_the_future"])] });
    expect(call("read")).toBe(allowed);
    expect(call("write")).toBe(refused(EPERM));
    expect(call("openat2")).toBe(allowed);
    expect(call("mseal")).toBe(refused(ENOSYS));
  });

  test("that allows by default says so of new calls, too", () => {
    const call = compiled({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ name: "mkdir", action: "SCMP_ACT_ERRNO", errnoRet: 13 }],
    });
    expect([call("mkdir"), call("read"), call("mseal")]).toEqual([refused(13), allowed, allowed]);
  });

  test("has an answer for every action", () => {
    const answers = {
      SCMP_ACT_KILL: 0,
      SCMP_ACT_KILL_THREAD: 0,
      SCMP_ACT_KILL_PROCESS: 0x80000000,
      SCMP_ACT_TRAP: 0x30000,
      SCMP_ACT_TRACE: 0x7ff00000 | EPERM,
      SCMP_ACT_LOG: 0x7ffc0000,
      SCMP_ACT_ALLOW: allowed,
    };
    for (const [action, answer] of Object.entries(answers)) {
      expect([action, compiled({ syscalls: [{ names: ["read"], action }] })("read")]).toEqual([
        action,
        answer,
      ]);
    }
  });

  test.each([
    ["SCMP_CMP_EQ", (a: bigint, b: bigint) => a === b],
    ["SCMP_CMP_NE", (a: bigint, b: bigint) => a !== b],
    ["SCMP_CMP_LT", (a: bigint, b: bigint) => a < b],
    ["SCMP_CMP_LE", (a: bigint, b: bigint) => a <= b],
    ["SCMP_CMP_GT", (a: bigint, b: bigint) => a > b],
    ["SCMP_CMP_GE", (a: bigint, b: bigint) => a >= b],
  ] as const)("compares all 64 bits with %s", (op, holds) => {
    const values = [0n, 1n, 2n, 0xffffffffn, 0x100000000n, 0x100000001n, 0x200000000n, 2n ** 64n - 1n];
    for (const value of values) {
      const rule = `{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":2,"value":${value},"op":"${op}"}]}`;
      const text = `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[${rule}]}`;
      const program = compileSeccompProfile(text, options, { arch: "x64", kernel: "6.1" });
      for (const given of values) {
        const verdict = evaluate(program, { nr: 0, arch: x86_64, args: [0, 0, given] });
        expect([value, given, verdict]).toEqual([
          value,
          given,
          holds(given, value) ? allowed : refused(EPERM),
        ]);
      }
    }
  });

  test("compares under a mask, and needs all conditions on different arguments", () => {
    const masked = { index: 0, value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" };
    const second = { index: 1, value: 7, op: "SCMP_CMP_EQ" };
    const call = compiled({ syscalls: [allow(["clone"], { args: [masked, second] })] });
    expect(call("clone", 0x3d0f00, 7)).toBe(allowed);
    expect(call("clone", 0x10000000, 7)).toBe(refused(EPERM));
    expect(call("clone", 0x3d0f00, 8)).toBe(refused(EPERM));
  });

  test("takes conditions on one argument, and rules for one call, as alternatives", () => {
    const is = (value: number) => ({ index: 0, value, op: "SCMP_CMP_EQ" });
    const call = compiled({
      syscalls: [allow(["personality"], { args: [is(0), is(8)] }), allow(["personality"], { args: [is(9)] })],
    });
    expect([0, 8, 9, 10].map((value) => call("personality", value))).toEqual([
      ...[allowed, allowed, allowed],
      refused(EPERM),
    ]);
  });

  test("puts a rule without conditions above those that have some", () => {
    const condition = { args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }] };
    const call = compiled({
      syscalls: [{ names: ["read"], action: "SCMP_ACT_KILL", ...condition }, allow(["read"])],
    });
    expect(call("read", 1)).toBe(allowed);
  });

  test("has rules for capabilities, architectures and kernels", () => {
    const profile = {
      syscalls: [
        allow(["mount"], { includes: { caps: ["CAP_SYS_ADMIN"] } }),
        allow(["chroot"], { includes: { caps: ["CAP_SYS_CHROOT"] } }),
        allow(["ptrace"], { includes: { minKernel: "4.8" } }),
        allow(["bpf"], { includes: { minKernel: "6.2" } }),
        allow(["arch_prctl"], { includes: { arches: ["amd64", "x32"] } }),
        allow(["iopl"], { excludes: { arches: ["amd64"] } }),
        allow(["reboot"], { excludes: { caps: ["CAP_CHOWN"] } }),
      ],
    };
    const call = compiled(profile);
    const names = ["mount", "chroot", "ptrace", "bpf", "arch_prctl", "iopl", "reboot"];
    const expected = [false, true, true, false, true, false, false];
    expect(names.map((name) => call(name) === allowed)).toEqual(expected);
  });

  test("covers the 32-bit calls only where it lists them", () => {
    const bare = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["read"], action: "SCMP_ACT_KILL" }],
    };
    const archMap = [
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
    ];
    const program = (profile: object) =>
      compileSeccompProfile(JSON.stringify(profile), options, { arch: "x64", kernel: "6.1" });
    const call = { nr: 3, arch: i386 };
    expect(evaluate(program(bare), call)).toBe(refused(ENOSYS));
    expect(evaluate(program({ ...bare, archMap }), call)).toBe(0);
    expect(evaluate(program({ ...bare, architectures: ["SCMP_ARCH_X86"] }), call)).toBe(0);
    expect(evaluate(program({ ...bare, archMap }), { nr: 0, arch: aarch64 })).toBe(refused(ENOSYS));
  });

  test("pretends to change owners where there is one id, if it allows that at all", () => {
    const given = { ...options, pretendOwnership: true };
    const call = compiled({ syscalls: [allow(["chown", "openat2"])] }, undefined, given);
    expect([call("chown"), call("lchown")]).toEqual([refused(0), refused(EPERM)]);
  });

  test.each([
    ["{", "Decoding seccomp profile failed: "],
    ["[]", "it is no object"],
    ["{}", 'unknown action "" of defaultAction'],
    ['{"defaultAction":"ALLOW"}', 'unknown action "ALLOW" of defaultAction'],
    ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":{}}', "syscalls is no list"],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"read","names":["x"]}]}',
      "use either 'name' or 'names'",
    ],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["a"],"archMap":[{}]}',
      "use either 'architectures' or 'archMap'",
    ],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":6}]}]}',
      "argument 6",
    ],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"op":"=="}]}]}',
      'unknown comparison "=="',
    ],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":-1,"op":"SCMP_CMP_EQ"}]}]}',
      "-1 is no unsigned number",
    ],
    ['{"defaultAction":"SCMP_ACT_NOTIFY"}', "berth does not support the action SCMP_ACT_NOTIFY"],
    ['{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG"]}', "SECCOMP_FILTER_FLAG_LOG"],
    ['{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":70000}', "errnoRet 70000"],
  ])("%s is refused", (text, why) => {
    expect(() => compileSeccompProfile(text, options)).toThrow(why);
  });
});

test("the numbers of system calls are those of the kernel", () => {
  const [amd, intel, arm] = ([1, 2, 3] as const).map(syscallNumbers);
  expect([amd!, intel!, arm!].map((table) => table.get("openat"))).toEqual([257, 295, 56]);
  expect([amd!, intel!, arm!].map((table) => table.get("execve"))).toEqual([59, 11, 221]);
  expect([amd!.get("umount"), arm!.get("fork"), intel!.get("umount")]).toEqual([undefined, undefined, 22]);
  for (const table of [amd!, intel!, arm!]) expect(Math.max(...table.values())).toBe(highestKnownSyscall);
});
