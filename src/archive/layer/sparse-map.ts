import type { ByteString } from "../../sys/byte-string.ts";
import { type PaxRecord, paxValue } from "./pax-records.ts";
import { parseDecimal, parseTarNumber } from "./tar-number.ts";

/** A run of bytes that the archive holds; everything between runs is a hole. */
export interface SparseSegment {
  readonly offset: number;
  readonly length: number;
}

/** How the content of a sparse file is stored (GNU tar manual, "Sparse Formats"). */
export interface SparseLayout {
  /** Bytes of the file with its holes. */
  readonly realSize: number;
  /** Undefined: the map is text at the start of the content (PAX format 1.0). */
  readonly segments?: readonly SparseSegment[];
}

/** More segments than any real file has; a map is memory that the archive asks for. */
export const maximumSegments = 1_000_000;

/** Whether segments are in order, do not overlap, end within the file and add up to the stored bytes. */
export function isConsistent(
  segments: readonly SparseSegment[],
  realSize: number,
  storedSize: number,
): boolean {
  let end = 0;
  let stored = 0;
  for (const { offset, length } of segments) {
    if (offset < end || offset + length > realSize) return false;
    end = offset + length;
    stored += length;
  }
  return stored === storedSize;
}

/** `count` pairs of 12-byte numbers in an old GNU header or its extension; an empty pair ends the list. */
export function parseOldGnuSegments(
  block: Uint8Array,
  offset: number,
  count: number,
): SparseSegment[] | undefined {
  const segments: SparseSegment[] = [];
  for (let index = 0; index < count; index++) {
    const at = offset + index * 24;
    if (block[at] === 0) break;
    const start = parseTarNumber(block, at, 12);
    const length = parseTarNumber(block, at + 12, 12);
    if (start === undefined || length === undefined || start < 0 || length < 0) return undefined;
    segments.push({ offset: start, length });
  }
  return segments;
}

function pairs(numbers: readonly ByteString[]): SparseSegment[] | undefined {
  if (numbers.length % 2 !== 0 || numbers.length > maximumSegments * 2) return undefined;
  const segments: SparseSegment[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    const offset = parseDecimal(numbers[index]!);
    const length = parseDecimal(numbers[index + 1]!);
    if (offset === undefined || length === undefined) return undefined;
    segments.push({ offset, length });
  }
  return segments;
}

/**
 * The layout that PAX records tell: format 1.0 (major, minor, realsize), 0.1 (map) or 0.0 (repeated offset and
 * numbytes). Undefined where the file is not sparse, "malformed" where the records contradict themselves.
 */
export function sparseLayoutFrom(records: readonly PaxRecord[]): SparseLayout | "malformed" | undefined {
  if (!records.some(([key]) => key.startsWith("GNU.sparse."))) return undefined;
  const major = paxValue(records, "GNU.sparse.major");
  const minor = paxValue(records, "GNU.sparse.minor");
  const sizeText = paxValue(records, "GNU.sparse.realsize") ?? paxValue(records, "GNU.sparse.size");
  const realSize = parseDecimal(sizeText ?? "");
  if (realSize === undefined) return "malformed";
  if (major === "1" && minor === "0") return { realSize };
  if (major !== undefined && major !== "0") return "malformed";
  const map = paxValue(records, "GNU.sparse.map");
  const numbers =
    map !== undefined
      ? map.split(",")
      : records.filter(([key]) => /^GNU\.sparse\.(offset|numbytes)$/.test(key)).map(([, value]) => value);
  const segments = pairs(numbers);
  return segments === undefined ? "malformed" : { realSize, segments };
}

/**
 * Collects the text map of PAX format 1.0: a count, then offset and length of each segment, one decimal number a
 * line, padded with NULs to whole blocks.
 */
export class SparseMapText {
  #text = "";
  #lines = 0;
  #linesNeeded: number | undefined;

  /** Takes one 512-byte block; the segments once all are there, undefined before, "malformed" where it is no map. */
  add(block: Uint8Array): readonly SparseSegment[] | "malformed" | undefined {
    const nul = block.indexOf(0);
    const end = nul === -1 ? block.length : nul;
    this.#text += Buffer.from(block.buffer, block.byteOffset, end).toString("latin1");
    for (let at = block.indexOf(0x0a); at !== -1 && at < end; at = block.indexOf(0x0a, at + 1)) this.#lines++;
    if (this.#linesNeeded === undefined) {
      const count = parseDecimal(this.#text.slice(0, Math.max(0, this.#text.indexOf("\n"))));
      if (count === undefined || count > maximumSegments) return "malformed";
      this.#linesNeeded = 1 + count * 2;
    }
    if (this.#lines < this.#linesNeeded) return nul === -1 ? undefined : "malformed";
    return pairs(this.#text.split("\n").slice(1, this.#linesNeeded)) ?? "malformed";
  }
}
