/** Programs of a few system calls, as static ELF files for x86-64, for tests on machines without a compiler. */

/** A number, or bytes whose address is meant. */
type Argument = number | bigint | { readonly bytes: string | Uint8Array };

export interface RawCall {
  readonly number: number;
  readonly args?: readonly Argument[];
  /** `i386` enters the kernel by `int $0x80`, with the numbers of that ABI. */
  readonly abi?: "x86_64" | "i386";
  /** When it fails: end with the errno as exit status (the default), or go on. */
  readonly failure?: "exit" | "ignore";
}

const loadAddress = 0x400000;
const headerSize = 64 + 56;

/** `mov $value, register`, by the opcode bytes of `mov` to rdi, rsi, rdx, r10, r8 and r9. */
const registers64 = ["48bf", "48be", "48ba", "49ba", "49b8", "49b9"];
/** ebx, ecx, edx, esi, edi, ebp */
const registers32 = ["bb", "b9", "ba", "be", "bf", "bd"];

function little(value: number | bigint, size: 4 | 8): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
  return bytes.toString("hex", 0, size);
}

function callCode(
  { number, args = [], abi = "x86_64", failure = "exit" }: RawCall,
  at: (data: Uint8Array) => number,
) {
  const values = args.map((argument) =>
    typeof argument === "object"
      ? at(Buffer.concat([Buffer.from(argument.bytes), Buffer.alloc(1)]))
      : argument,
  );
  const wide = abi === "x86_64";
  const loads = values.map((value, index) =>
    wide ? registers64[index] + little(value, 8) : registers32[index] + little(value, 4),
  );
  const enter = `b8${little(number, 4)}${wide ? "0f05" : "cd80"}`; // mov $number, %eax
  // test %eax,%eax; jns over; neg %eax; mov %eax,%edi; mov $60,%eax; syscall
  const exit = failure === "exit" ? "85c0790bf7d889c7b83c0000000f05" : "";
  return loads.join("") + enter + exit;
}

/**
 * A program that makes the calls in order, once or for ever, and ends with status 0, or with the errno of the first that
 * failed.
 */
export function tinyElf(calls: readonly RawCall[], repeat: "once" | "forever" = "once"): Buffer {
  const data: Uint8Array[] = [];
  const assemble = (dataAddress: number) => {
    data.length = 0;
    let next = dataAddress;
    const place = (bytes: Uint8Array) => {
      data.push(bytes);
      next += bytes.length;
      return next - bytes.length;
    };
    const body = calls.map((call) => callCode(call, place)).join("");
    // xor %edi,%edi; mov $60,%eax; syscall – or a jump back
    const end = repeat === "once" ? "31ffb83c0000000f05" : `e9${little(-(body.length / 2 + 5), 4)}`;
    return Buffer.from(body + end, "hex");
  };
  const start = loadAddress + headerSize;
  const code = assemble(start + assemble(0).length);
  const content = Buffer.concat([code, ...data]);
  const header = Buffer.alloc(headerSize);
  header.write("7f454c4602010100", 0, "hex"); // 64 bits, little endian
  header.writeUInt16LE(2, 16); // ET_EXEC
  header.writeUInt16LE(62, 18); // EM_X86_64
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(start), 24);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64); // PT_LOAD
  header.writeUInt32LE(7, 68); // readable, writable, executable
  header.writeBigUInt64LE(BigInt(loadAddress), 80);
  header.writeBigUInt64LE(BigInt(loadAddress), 88);
  header.writeBigUInt64LE(BigInt(headerSize + content.length), 96);
  header.writeBigUInt64LE(BigInt(headerSize + content.length), 104);
  header.writeBigUInt64LE(4096n, 112);
  return Buffer.concat([header, content]);
}
