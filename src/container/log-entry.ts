/**
 * The format of a container's log, that of Kubernetes' container runtime interface: one entry is
 * `<RFC 3339 with nanoseconds, UTC> stdout|stderr F|P <content>\n`. P is a part of a line whose rest comes later.
 */
export type LogStream = "stdout" | "stderr";

/** `2026-01-02T15:04:05.123456789Z` */
export const timestampLength = 30;

const tagAt = timestampLength + " stdout ".length;

/** Where the content begins; the head of an entry has the same length for both streams. */
export const headLength = tagAt + "F ".length;

export const newline = 0x0a;
const full = 0x46;
const partial = 0x50;

/** The head of entries, as bytes to be copied; `stamp` and `mark` change it in place. */
export class EntryHead {
  readonly bytes: Buffer;

  constructor(stream: LogStream) {
    this.bytes = Buffer.from(`${" ".repeat(timestampLength)} ${stream} F `, "latin1");
  }

  stamp(time: string): void {
    this.bytes.write(time, 0, timestampLength, "latin1");
  }

  mark(isFull: boolean): void {
    this.bytes[tagAt] = isFull ? full : partial;
  }
}

export interface EntryHeadFields {
  readonly time: string;
  readonly stream: LogStream;
  /** Whether the line ends with this entry. */
  readonly full: boolean;
}

/** What the head of the entry at `start` says; undefined for what is none, such as the half that a crash left. */
export function readHead(bytes: Buffer, start: number, end: number): EntryHeadFields | undefined {
  if (end - start < headLength) return undefined;
  const stream = bytes.toString("latin1", start + timestampLength + 1, start + tagAt - 1);
  const tag = bytes[start + tagAt];
  if ((stream !== "stdout" && stream !== "stderr") || (tag !== full && tag !== partial)) return undefined;
  return { time: bytes.toString("latin1", start, start + timestampLength), stream, full: tag === full };
}
