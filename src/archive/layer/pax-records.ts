import type { ByteString } from "../../sys/byte-string.ts";
import { invalidLayer } from "./invalid-layer.ts";

/** One PAX record. Values are bytes: attributes are binary, and names need not be UTF-8 whatever POSIX says. */
export type PaxRecord = readonly [key: ByteString, value: ByteString];

/**
 * The records of an extended header, `<length> <key>=<value>\n` each (POSIX pax). In order and with repetitions,
 * because GNU.sparse.offset and GNU.sparse.numbytes repeat. Throws `invalid-image` for anything else.
 */
export function parsePaxRecords(body: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = space === -1 || space - at > 8 ? "" : body.toString("latin1", at, space);
    const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length === 0 || end > body.length || end <= space + 1 || body[end - 1] !== 0x0a)
      throw invalidLayer("malformed PAX record");
    const equals = body.indexOf(0x3d, space + 1);
    if (equals <= space + 1 || equals >= end) throw invalidLayer("PAX record without a key");
    records.push([body.toString("latin1", space + 1, equals), body.toString("latin1", equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** The last value of a key; an empty value takes back an earlier one (POSIX pax). */
export function paxValue(records: readonly PaxRecord[], key: string): ByteString | undefined {
  const value = records.findLast((record) => record[0] === key)?.[1];
  return value === "" ? undefined : value;
}
