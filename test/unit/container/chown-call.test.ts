import { describe, expect, test } from "bun:test";
import { chownCallOf } from "../../../src/container/ownership/chown-call.ts";
import type { Architecture } from "../../../src/sys/bpf.ts";

const call = (architecture: Architecture | undefined, number: number, ...args: bigint[]) =>
  chownCallOf({ id: 1n, pid: 1, architecture, number, args: [...args, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6) });
const path = { kind: "path", directory: undefined, address: 4096n, follow: true, mayBeEmpty: false } as const;

describe("a call of the chown family", () => {
  test("names a path, a link or a descriptor", () => {
    expect(call("x86_64", 92, 4096n, 33n, 8n)).toEqual({ target: path, uid: 33, gid: 8 });
    expect(call("x86_64", 94, 4096n, 33n, 8n)?.target).toEqual({ ...path, follow: false });
    expect(call("x86_64", 93, 5n, 1n, 2n)).toEqual({
      target: { kind: "descriptor", fd: 5 },
      uid: 1,
      gid: 2,
    });
    const workingDirectory = BigInt.asUintN(32, -100n);
    expect(call("aarch64", 54, workingDirectory, 4096n, 1n, 2n)?.target).toEqual(path);
    expect(call("x86_64", 260, 7n, 4096n, 1n, 2n, 0x1100n)?.target).toEqual({
      ...path,
      directory: 7,
      follow: false,
      mayBeEmpty: true,
    });
  });

  test("leaves an id alone that is -1, in 32 bits or the 16 of old programs", () => {
    expect(call("x86_64", 93, 5n, 0xffffffffn, 0xffffffffffffffffn)).toMatchObject({
      uid: undefined,
      gid: undefined,
    });
    expect(call("i386", 95, 5n, 0xffffn, 7n)).toMatchObject({ uid: undefined, gid: 7 });
    expect(call("i386", 207, 5n, 0xffffn, 7n)).toMatchObject({ uid: 65535, gid: 7 });
  });

  test("is nothing else", () => {
    expect(call("x86_64", 91, 5n)).toBeUndefined();
    expect(call("aarch64", 92, 5n)).toBeUndefined();
    expect(call(undefined, 92, 5n)).toBeUndefined();
  });
});
