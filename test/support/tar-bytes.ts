/** Tar archives byte by byte, so that a test can write what no tar program would. Text is latin1: one character, one byte. */
export interface TarHeader {
  readonly name: string;
  /** The type flag; `0` if undefined. */
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Overrides the length of the content. */
  readonly size?: number;
  readonly mtime?: number;
  readonly link?: string;
  readonly format?: "ustar" | "gnu" | "v7";
  /** Called before the checksum is computed. */
  readonly patch?: (block: Buffer) => void;
}

export function tarHeader(header: TarHeader, contentSize = 0): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, offset: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  block.write(header.name, 0, 100, "latin1");
  octal(header.mode ?? 0o644, 100, 8);
  octal(header.uid ?? 0, 108, 8);
  octal(header.gid ?? 0, 116, 8);
  octal(header.size ?? contentSize, 124, 12);
  octal(header.mtime ?? 1_000_000_000, 136, 12);
  block.write(header.type ?? "0", 156, "latin1");
  block.write(header.link ?? "", 157, 100, "latin1");
  if (header.format === "gnu") block.write("ustar  \0", 257, "latin1");
  else if (header.format !== "v7") block.write("ustar\x0000", 257, "latin1");
  header.patch?.(block);
  return withChecksum(block);
}

export function withChecksum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** Content filled up to whole blocks. */
export function tarContent(content: string | Buffer): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export function tarEntry(header: TarHeader, content: string | Buffer = ""): Buffer {
  return Buffer.concat([tarHeader(header, content.length), tarContent(content)]);
}

/** The records of a PAX header; the length in front counts itself. */
export function paxBody(records: readonly (readonly [key: string, value: string])[]): string {
  return records
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
      return `${length}${rest}`;
    })
    .join("");
}

export function paxHeader(records: readonly (readonly [string, string])[], type: "x" | "g" = "x"): Buffer {
  return tarEntry({ name: "PaxHeaders/x", type }, paxBody(records));
}

/** GNU long name (`L`) or long link target (`K`). */
export function gnuLong(type: "L" | "K", text: string): Buffer {
  return tarEntry({ name: "././@LongLink", type, format: "gnu" }, `${text}\0`);
}

export const tarEnd = Buffer.alloc(1024);

export function tarArchive(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([...entries, tarEnd]);
}
