/**
 * The bundle of helper programs: zstd over
 *
 *     u32 little endian   length of the header in bytes
 *     header              JSON: [{"name": "ip", "size": 123}, …]
 *     contents            the files one after another, in the header's order
 *
 * Flat and without modes, because everything in it goes to one directory and is executable.
 */
export interface HelperBundleEntry {
  /** A plain file name. */
  readonly name: string;
  readonly content: Uint8Array;
}

/** zstd's level for a file that is compressed once and shipped often. */
const level = 19;

/** Serializes the entries; the same entries give the same bytes. */
export function encodeHelperBundle(entries: readonly HelperBundleEntry[]): Buffer {
  const header = Buffer.from(
    JSON.stringify(entries.map(({ name, content }) => ({ name, size: content.length }))),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return Bun.zstdCompressSync(Buffer.concat([length, header, ...entries.map(({ content }) => content)]), {
    level,
  });
}

function isEntryHeader(value: unknown): value is { name: string; size: number } {
  if (typeof value !== "object" || value === null) return false;
  const { name, size } = value as { name?: unknown; size?: unknown };
  return (
    typeof name === "string" && /^[\w.+-]+$/.test(name) && !name.startsWith(".") && Number.isSafeInteger(size)
  );
}

/** The entries of a bundle, as views of one buffer. Throws when the bytes are no bundle. */
export function decodeHelperBundle(bundle: Uint8Array): HelperBundleEntry[] {
  const bytes = Bun.zstdDecompressSync(bundle);
  const headerEnd = 4 + bytes.readUInt32LE(0);
  const header: unknown = JSON.parse(bytes.toString("utf8", 4, headerEnd));
  if (!Array.isArray(header) || !header.every(isEntryHeader))
    throw new Error("malformed bundle of helper programs");
  let offset = headerEnd;
  const entries = header.map(({ name, size }) => {
    const content = bytes.subarray(offset, offset + size);
    if (content.length !== size) throw new Error(`truncated bundle of helper programs: ${name}`);
    offset += size;
    return { name, content };
  });
  if (offset !== bytes.length) throw new Error("trailing bytes in the bundle of helper programs");
  return entries;
}
