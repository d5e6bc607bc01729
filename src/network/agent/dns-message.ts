/**
 * DNS messages (RFC 1035, section 4), as far as a resolver needs them that answers questions of one kind about a few
 * names and hands all others on unread.
 */

import { canonicalAddress } from "../subnet.ts";

export const recordType = { A: 1, PTR: 12, AAAA: 28 } as const;
export const responseCode = { ok: 0, serverFailure: 2 } as const;

export interface Question {
  /** Without the last dot, in lower case. */
  readonly name: string;
  readonly type: number;
  /** Offset of the first byte after the question. */
  readonly end: number;
}

const headerSize = 12;
/** Seconds that an answer may be remembered. None: containers come and go. */
const timeToLive = 0;

/** The question of a plain query; undefined for everything else, which is not for us to read. */
export function readQuestion(message: Uint8Array): Question | undefined {
  if (message.length < headerSize) return undefined;
  const view = viewOf(message);
  const isQuery = (view.getUint16(2) & 0xf800) === 0; // QR and OPCODE
  if (!isQuery || view.getUint16(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = headerSize;
  for (;;) {
    const length = message[at++];
    if (length === undefined || length > 63) return undefined;
    if (length === 0) break;
    if (at + length > message.length) return undefined;
    labels.push(Buffer.from(message.subarray(at, at + length)).toString("latin1"));
    at += length;
  }
  if (at + 4 > message.length || view.getUint16(at + 2) !== 1) return undefined; // class IN
  return { name: labels.join(".").toLowerCase(), type: view.getUint16(at), end: at + 4 };
}

/** An answer to a query with the given records' data; with none, "the name is there, but not with such a record". */
export function answerTo(
  query: Uint8Array,
  question: Question,
  records: readonly Uint8Array[],
  code: number = responseCode.ok,
): Uint8Array {
  const recordSize = (data: Uint8Array) => headerSize + data.length;
  const answer = new Uint8Array(question.end + records.reduce((sum, data) => sum + recordSize(data), 0));
  answer.set(query.subarray(0, question.end));
  const view = viewOf(answer);
  const recursionDesired = view.getUint16(2) & 0x0100;
  view.setUint16(2, 0x8080 | recursionDesired | code); // a response; recursion is available
  view.setUint16(6, records.length);
  view.setUint32(8, 0);
  let at = question.end;
  for (const data of records) {
    view.setUint16(at, 0xc000 | headerSize); // the name, as in the question
    view.setUint16(at + 2, question.type);
    view.setUint16(at + 4, 1);
    view.setUint32(at + 6, timeToLive);
    view.setUint16(at + 10, data.length);
    answer.set(data, at + headerSize);
    at += recordSize(data);
  }
  return answer;
}

/** A name as a sequence of labels. */
export function encodeName(name: string): Uint8Array {
  return Buffer.concat([
    ...name.split(".").flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, "latin1")]),
    Buffer.from([0]),
  ]);
}

/** `2.0.18.172.in-addr.arpa` → `172.18.0.2`, and by ip6.arpa an IPv6 address; undefined when it is no such name. */
export function addressOfReverseName(name: string): string | undefined {
  const digits = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (digits !== undefined) {
    const groups = digits.split(".").toReversed().join("").match(/.{4}/g)!;
    return canonicalAddress(groups.join(":"));
  }
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  return match === null ? undefined : match.slice(1).toReversed().join(".");
}

function viewOf(message: Uint8Array): DataView {
  return new DataView(message.buffer, message.byteOffset, message.byteLength);
}
