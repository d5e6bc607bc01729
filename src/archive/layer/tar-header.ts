import type { ByteString } from "../../sys/byte-string.ts";
import type { ExtendedAttribute } from "./layer-entry.ts";
import type { PaxRecord } from "./pax-records.ts";
import type { SparseSegment } from "./sparse-map.ts";

/** What the headers of one entry say. Names are as they stand in the archive: relative, directories with a slash behind. */
export interface TarEntry {
  readonly name: ByteString;
  /** POSIX ustar's type flag. */
  readonly type: "0" | "1" | "2" | "3" | "4" | "5" | "6";
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of the file, holes included; 0 for all that is no file. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly modified: number;
  readonly target?: ByteString;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly attributes?: readonly ExtendedAttribute[];
  /** The pieces that are stored of a file with holes. */
  readonly sparse?: readonly SparseSegment[];
}

export const tarBlock = 512;

/** The largest number that `digits` octal digits hold. */
const octalLimit = (digits: number) => 8 ** digits - 1;

/**
 * The blocks in front of an entry's content: a PAX header where ustar's fields are too small, the ustar header, and
 * for a sparse file its map (GNU format 1.0, which Go, GNU tar and libarchive read). The same entry gives the same
 * bytes. Names are written as they are, whatever their encoding.
 */
export function tarHeader(entry: TarEntry): Buffer {
  const { sparse } = entry;
  const map = sparse === undefined ? Buffer.alloc(0) : sparseMap(sparse);
  const size = sparse === undefined ? entry.size : map.length + storedSize(sparse);
  const records = paxRecords(entry, size);
  const name = sparse === undefined ? entry.name : `GNUSparseFile.0/${baseName(entry.name)}`;
  return Buffer.concat([
    ...(records.length === 0 ? [] : [paxHeader(entry, records)]),
    ustarHeader({ ...entry, name, size }),
    map,
  ]);
}

/** Zeros that fill content of `size` bytes up to whole blocks. */
export function tarPadding(size: number): number {
  return (tarBlock - (size % tarBlock)) % tarBlock;
}

export const storedSize = (segments: readonly SparseSegment[]) =>
  segments.reduce((sum, { length }) => sum + length, 0);

/** In the order of their keys. */
function paxRecords(entry: TarEntry, size: number): PaxRecord[] {
  const { name, uid, gid, modified, target = "", sparse } = entry;
  const records: PaxRecord[] = [];
  if (sparse !== undefined) {
    records.push(["GNU.sparse.major", "1"], ["GNU.sparse.minor", "0"]);
    records.push(["GNU.sparse.name", name], ["GNU.sparse.realsize", String(entry.size)]);
  }
  for (const { name: attribute, value } of entry.attributes ?? [])
    records.push([`SCHILY.xattr.${attribute}`, value.toString("latin1")]);
  if (gid > octalLimit(7)) records.push(["gid", String(gid)]);
  if (target.length > 100) records.push(["linkpath", target]);
  if (modified < 0 || modified > octalLimit(11)) records.push(["mtime", String(modified)]);
  if (name.length > 100 && sparse === undefined) records.push(["path", name]);
  if (size > octalLimit(11)) records.push(["size", String(size)]);
  if (uid > octalLimit(7)) records.push(["uid", String(uid)]);
  return records;
}

function paxHeader({ name, modified }: TarEntry, records: readonly PaxRecord[]): Buffer {
  const body = Buffer.from(records.map(([key, value]) => paxRecord(key, value)).join(""), "latin1");
  const header = ustarHeader({
    name: `PaxHeaders.0/${baseName(name)}`,
    type: "x",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    modified,
  });
  return Buffer.concat([header, body, Buffer.alloc(tarPadding(body.length))]);
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: ByteString, value: ByteString): ByteString {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function baseName(path: ByteString): ByteString {
  return path.split("/").findLast((part) => part !== "") ?? "";
}

/** A number that does not fit is 0 here: then its PAX record counts. */
function ustarHeader(entry: Omit<TarEntry, "type"> & { readonly type: string }): Buffer {
  const block = Buffer.alloc(tarBlock);
  const octal = (value: number, offset: number, digits: number) => {
    const fits = value >= 0 && value <= octalLimit(digits);
    block.write((fits ? value : 0).toString(8).padStart(digits, "0"), offset, "latin1");
  };
  block.write(entry.name.slice(0, 100), 0, "latin1");
  octal(entry.mode, 100, 7);
  octal(entry.uid, 108, 7);
  octal(entry.gid, 116, 7);
  octal(entry.size, 124, 11);
  octal(entry.modified, 136, 11);
  block.write(entry.type, 156, "latin1");
  block.write((entry.target ?? "").slice(0, 100), 157, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  octal(entry.device?.major ?? 0, 329, 7);
  octal(entry.device?.minor ?? 0, 337, 7);
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function sparseMap(segments: readonly SparseSegment[]): Buffer {
  const numbers = segments.flatMap(({ offset, length }) => [offset, length]);
  const text = Buffer.from([segments.length, ...numbers].map((number) => `${number}\n`).join(""), "latin1");
  return Buffer.concat([text, Buffer.alloc(tarPadding(text.length))]);
}
