import type { ByteString } from "../../sys/byte-string.ts";
import { invalidEntry, invalidLayer } from "./invalid-layer.ts";
import { type PaxRecord, parsePaxRecords, paxValue } from "./pax-records.ts";
import {
  parseOldGnuSegments,
  type SparseLayout,
  type SparseSegment,
  sparseLayoutFrom,
} from "./sparse-map.ts";
import { parseDecimal, parsePaxTime, parseTarNumber, type Timestamp } from "./tar-number.ts";

/** What tar-stream does not tell about an entry, or tells with losses. */
export interface EntryFacts {
  /** The type flag as a character; `0` for NUL. */
  readonly type: string;
  /** Bytes of content in the archive. */
  readonly storedSize: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modified: Timestamp;
  /** PAX records of this entry; global ones are left out, as Docker does. */
  readonly pax: readonly PaxRecord[];
  readonly sparse?: SparseLayout;
}

const blockSize = 512;
/** As in Go's archive/tar: PAX headers and long names beyond this are an attack on memory. */
const maximumSpecialSize = 1024 * 1024;
const entryTypes = "01234567SV";
/** Types of which POSIX says that the size field means nothing; only for directories do all readers agree. */
const withoutContent = "123456";

/**
 * Walks the headers of an uncompressed tar just ahead of tar-stream, and is strict where tar readers are lax, because
 * what two readers see differently is a way to hide entries (CVE-2025-62518): number fields, sizes of links, PAX
 * records, the end of the archive. It also keeps what tar-stream drops (PAX values as bytes, sparse maps). Bytes go
 * on unchanged, but for the extension blocks of old GNU sparse headers, and nothing behind the end of the archive.
 */
export class TarGuard {
  /** Facts of the entries whose headers have passed, oldest first. */
  readonly entries: EntryFacts[] = [];
  readonly #forward: (bytes: Uint8Array) => void;
  readonly #block = Buffer.alloc(blockSize);
  #filled = 0;
  /** Bytes of content and padding still to pass. */
  #passing = 0;
  #special: { type: string; body: Buffer; filled: number } | undefined;
  #pax: readonly PaxRecord[] | undefined;
  #longName: ByteString | undefined;
  #longLink: ByteString | undefined;
  #sparse: { facts: EntryFacts; segments: SparseSegment[]; realSize: number } | undefined;
  #zeroBlocks = 0;

  constructor(forward: (bytes: Uint8Array) => void) {
    this.#forward = forward;
  }

  /** Two zero blocks were seen: what follows is not part of the archive (POSIX ustar). */
  get ended(): boolean {
    return this.#zeroBlocks === 2;
  }

  /** Takes the next bytes of the archive and forwards at once what tar-stream is to see. */
  push(chunk: Uint8Array): void {
    let at = 0;
    let from = 0;
    while (at < chunk.length && !this.ended) {
      const extension = this.#sparse !== undefined;
      if (this.#passing > 0 && !extension) {
        const count = Math.min(this.#passing, chunk.length - at);
        if (this.#special !== undefined) this.#collect(chunk.subarray(at, at + count));
        this.#passing -= count;
        at += count;
        continue;
      }
      const count = Math.min(blockSize - this.#filled, chunk.length - at);
      this.#block.set(chunk.subarray(at, at + count), this.#filled);
      this.#filled += count;
      if (extension && from < at) this.#forward(chunk.subarray(from, at));
      at += count;
      if (extension) from = at;
      if (this.#filled === blockSize) {
        this.#filled = 0;
        if (extension) this.#sparseExtension();
        else this.#header(this.#block);
      }
    }
    if (from < at) this.#forward(chunk.subarray(from, at));
  }

  /** The archive is over; throws where it ends inside an entry. A missing end mark is fine, as for Go and GNU tar. */
  finish(): void {
    if (this.#filled > 0 || this.#passing > 0 || this.#sparse !== undefined)
      throw invalidLayer("unexpected end of the archive (truncated)");
  }

  #collect(bytes: Uint8Array): void {
    const special = this.#special!;
    const wanted = bytes.subarray(0, special.body.length - special.filled);
    special.body.set(wanted, special.filled);
    special.filled += wanted.length;
    if (special.filled < special.body.length) return;
    this.#special = undefined;
    this.#applySpecial(special.type, special.body);
  }

  #applySpecial(type: string, body: Buffer): void {
    if (type === "x") {
      this.#pax = parsePaxRecords(body);
    } else if (type === "g") {
      for (const [key] of parsePaxRecords(body))
        if (/^(path|linkpath|size|GNU\.sparse\..*)$/.test(key))
          throw invalidLayer(`global PAX header sets "${key}", which readers understand differently`);
    } else {
      const nul = body.indexOf(0);
      const name = body.toString("latin1", 0, nul === -1 ? body.length : nul);
      if (type === "L") this.#longName = name;
      else this.#longLink = name;
    }
  }

  #header(block: Buffer): void {
    if (block[0] === 0 && block.every((byte) => byte === 0)) {
      this.#zeroBlocks++;
      return;
    }
    if (this.#zeroBlocks > 0) throw invalidLayer("a lone zero block inside the archive");
    const nul = block.indexOf(0);
    const name = block.toString("latin1", 0, nul === -1 || nul > 100 ? 100 : nul);
    const number = (field: string, offset: number, length: number): number => {
      const value = parseTarNumber(block, offset, length);
      if (value === undefined) throw invalidEntry(name, `its header has no valid ${field}`);
      return value;
    };
    const type = block[156] === 0 ? "0" : String.fromCharCode(block[156]!);
    const size = number("size", 124, 12);
    if (size < 0) throw invalidEntry(name, "its size is negative");
    if ("xgLK".includes(type)) {
      if (size > maximumSpecialSize) throw invalidEntry(name, `extended header of ${size} bytes`);
      this.#passing = Math.ceil(size / blockSize) * blockSize;
      if (size > 0) this.#special = { type, body: Buffer.alloc(size), filled: 0 };
      else this.#applySpecial(type, Buffer.alloc(0));
      return;
    }
    if (!entryTypes.includes(type)) throw invalidEntry(name, `entry type ${JSON.stringify(type)} is unknown`);
    const pax = this.#pax ?? [];
    this.#checkNames(name, pax);
    this.#pax = this.#longName = this.#longLink = undefined;
    const paxNumber = (key: string): number | undefined => {
      const text = paxValue(pax, key);
      const value = text === undefined ? undefined : parseDecimal(text);
      if (text !== undefined && value === undefined) throw invalidEntry(name, `PAX ${key} is not a number`);
      return value;
    };
    const storedSize = paxNumber("size") ?? size;
    if (storedSize > 0 && withoutContent.includes(type) && type !== "5")
      throw invalidEntry(name, "a link or node with content, which readers understand differently");
    const paxTime = paxValue(pax, "mtime");
    const modified =
      paxTime === undefined
        ? { seconds: BigInt(number("mtime", 136, 12)), nanoseconds: 0 }
        : parsePaxTime(paxTime);
    if (modified === undefined) throw invalidEntry(name, "PAX mtime is not a time");
    const facts: EntryFacts = {
      type,
      storedSize: type === "5" ? 0 : storedSize,
      mode: number("mode", 100, 8) & 0o7777,
      uid: paxNumber("uid") ?? number("uid", 108, 8),
      gid: paxNumber("gid") ?? number("gid", 116, 8),
      modified,
      pax,
    };
    if (facts.uid < 0 || facts.gid < 0) throw invalidEntry(name, "its owner is negative");
    this.#passing = Math.ceil(facts.storedSize / blockSize) * blockSize;
    if (type === "S") this.#oldSparse(facts, name, block);
    else this.entries.push(withPaxSparse(facts, name));
  }

  /** Go and GNU tar differ in which of two names wins, so there may be only one. */
  #checkNames(name: ByteString, pax: readonly PaxRecord[]): void {
    const path = paxValue(pax, "path");
    const linkPath = paxValue(pax, "linkpath");
    if (this.#longName !== undefined && path !== undefined && path !== this.#longName)
      throw invalidEntry(name, "its PAX and GNU names differ");
    if (this.#longLink !== undefined && linkPath !== undefined && linkPath !== this.#longLink)
      throw invalidEntry(name, "its PAX and GNU link targets differ");
  }

  #oldSparse(facts: EntryFacts, name: ByteString, block: Buffer): void {
    const segments = parseOldGnuSegments(block, 386, 4);
    const realSize = parseTarNumber(block, 483, 12);
    if (segments === undefined || realSize === undefined || realSize < 0)
      throw invalidEntry(name, "its sparse map is malformed");
    if (block[482] !== 0 && block[482] !== 0x30) this.#sparse = { facts, segments, realSize };
    else this.entries.push({ ...facts, sparse: { realSize, segments } });
  }

  #sparseExtension(): void {
    const { facts, segments, realSize } = this.#sparse!;
    const more = parseOldGnuSegments(this.#block, 0, 21);
    if (more === undefined || segments.length > 1_000_000) throw invalidLayer("malformed sparse map");
    segments.push(...more);
    if (this.#block[504] !== 0 && this.#block[504] !== 0x30) return;
    this.#sparse = undefined;
    this.entries.push({ ...facts, sparse: { realSize, segments } });
  }
}

function withPaxSparse(facts: EntryFacts, name: ByteString): EntryFacts {
  const sparse = sparseLayoutFrom(facts.pax);
  if (sparse === undefined) return facts;
  if (sparse === "malformed" || (facts.type !== "0" && facts.type !== "7"))
    throw invalidEntry(name, "its sparse map is malformed");
  return { ...facts, sparse };
}
