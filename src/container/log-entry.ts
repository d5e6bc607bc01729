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

/** What the head of an entry says besides its time. */
export interface EntryKind {
  readonly stream: LogStream;
  /** Whether the line ends with this entry. */
  readonly full: boolean;
}

const blank = 0x20;
/** The letter that tells `stdout` from `stderr`. */
const streamAt = timestampLength + " std".length;
const letterOfStdout = 0x6f;
const letterOfStderr = 0x65;

/** Looks at the entry at `start`; undefined for what is none, such as the half that a crash left. */
export function readKind(bytes: Buffer, start: number, end: number): EntryKind | undefined {
  if (end - start < headLength) return undefined;
  const letter = bytes[start + streamAt];
  const tag = bytes[start + tagAt];
  const isEntry =
    bytes[start + timestampLength] === blank &&
    (letter === letterOfStdout || letter === letterOfStderr) &&
    (tag === full || tag === partial) &&
    bytes[start + headLength - 1] === blank;
  if (!isEntry) return undefined;
  return { stream: letter === letterOfStdout ? "stdout" : "stderr", full: tag === full };
}

/** The time of the entry at `start`. */
export function readTime(bytes: Buffer, start: number): string {
  return bytes.toString("latin1", start, start + timestampLength);
}
