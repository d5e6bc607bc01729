import type { ByteString } from "../../sys/byte-string.ts";
import { invalidEntry } from "./invalid-layer.ts";
import { type PaxRecord, paxValue } from "./pax-records.ts";
import type { SparseLayout } from "./sparse-map.ts";
import type { EntryFacts } from "./tar-guard.ts";
import type { Timestamp } from "./tar-number.ts";

export type LayerEntryType =
  | "file"
  | "directory"
  | "symbolic-link"
  | "hard-link"
  | "fifo"
  | "character-device"
  | "block-device"
  | "volume-label";

/** An entry of a layer as the archive tells it; nothing about its name or target has been judged yet. */
export interface LayerEntry {
  readonly name: ByteString;
  readonly type: LayerEntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modified: Timestamp;
  /** Of links. */
  readonly target: ByteString;
  /** Bytes of content in the archive. */
  readonly storedSize: number;
  readonly sparse?: SparseLayout;
  readonly attributes: readonly ExtendedAttribute[];
}

export interface ExtendedAttribute {
  readonly name: ByteString;
  readonly value: Buffer;
}

const types: Readonly<Record<string, LayerEntryType>> = {
  "0": "file",
  "1": "hard-link",
  "2": "symbolic-link",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
  "7": "file",
  S: "file",
  V: "volume-label",
};

/** SCHILY.xattr.NAME holds bytes, LIBARCHIVE.xattr.NAME (percent-encoded) holds base64; the former wins. */
function attributesFrom(records: readonly PaxRecord[]): ExtendedAttribute[] {
  const found = new Map<ByteString, Buffer>();
  for (const [key, value] of records) {
    if (key.startsWith("LIBARCHIVE.xattr.")) {
      const encoded = key.slice("LIBARCHIVE.xattr.".length);
      const name = encoded.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
      if (!found.has(name)) found.set(name, Buffer.from(value, "base64"));
    }
  }
  for (const [key, value] of records)
    if (key.startsWith("SCHILY.xattr."))
      found.set(key.slice("SCHILY.xattr.".length), Buffer.from(value, "latin1"));
  return [...found].map(([name, value]) => ({ name, value }));
}

/**
 * Puts together what tar-stream decoded (`headerName`, `headerTarget`: latin1) and what the guard kept. PAX names win
 * over the header's, the name that GNU tar keeps for a sparse file over both.
 */
export function layerEntryFrom(
  headerName: ByteString,
  headerTarget: ByteString,
  facts: EntryFacts,
): LayerEntry {
  const name = paxValue(facts.pax, "GNU.sparse.name") ?? paxValue(facts.pax, "path") ?? headerName;
  const target = paxValue(facts.pax, "linkpath") ?? headerTarget;
  let type = types[facts.type]!;
  if (name.includes("\0") || target.includes("\0")) throw invalidEntry(name, "its name holds a NUL byte");
  if (type === "file" && name.endsWith("/")) {
    if (facts.storedSize > 0) throw invalidEntry(name, "a directory with content");
    type = "directory";
  }
  const { mode, uid, gid, modified, storedSize, sparse, pax } = facts;
  const common = { name, type, mode, uid, gid, modified, target, storedSize };
  return { ...common, attributes: attributesFrom(pax), ...(sparse === undefined ? {} : { sparse }) };
}
