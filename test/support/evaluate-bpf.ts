/** Runs a classic BPF program as the kernel does, over nr, arch and the arguments. */
export function evaluate(
  program: Uint8Array,
  call: { nr: number; arch: number; args?: readonly (number | bigint)[] },
): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = new Map<number, number>([
    [0, call.nr],
    [4, call.arch],
    ...(call.args ?? []).flatMap((value, index) => {
      const bits = BigInt.asUintN(64, BigInt(value));
      return [
        [16 + 8 * index, Number(bits & 0xffffffffn)],
        [20 + 8 * index, Number(bits >> 32n)],
      ] as const;
    }),
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
    else if (code === 0x25) at += branch(accumulator > k);
    else if (code === 0x35) at += branch(accumulator >= k);
    else if (code === 0x06) return k;
    else throw new Error(`instruction ${code} at ${at}`);
  }
  throw new Error("the program ended without a return");
}

export const x86_64 = 0xc000003e;
export const i386 = 0x40000003;
export const aarch64 = 0xc00000b7;
export const allowed = 0x7fff0000;
export const refused = (errno: number) => 0x00050000 | errno;
export const EPERM = 1;
export const ENOSYS = 38;
