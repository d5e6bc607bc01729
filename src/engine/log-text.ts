import {
  type EntryKind,
  headLength,
  type LogStream,
  newline,
  readKind,
  readTime,
  timestampLength,
} from "../container/log-entry.ts";
import type { TailStart } from "../container/log-tail.ts";

export interface LogTextOptions {
  /** Time stamps as in the log; entries outside are left out. */
  readonly since?: string;
  readonly until?: string;
  readonly from?: TailStart;
  readonly timestamps: boolean;
  /** Before every line. */
  readonly details?: string;
}

/** Takes what a container wrote; the bytes are good until it returns. */
export type LogSink = (stream: LogStream, bytes: Uint8Array) => void;

const outputSize = 256 * 1024;

/** Turns entries of a log back into what the container wrote, kept apart by stream. */
export class LogText {
  readonly #options: LogTextOptions;
  readonly #sink: LogSink;
  readonly #details: Buffer;
  readonly #isLineOpen: Record<LogStream, boolean> = { stdout: false, stderr: false };
  #output = Buffer.allocUnsafeSlow(outputSize);
  #used = 0;
  #stream: LogStream = "stdout";

  constructor(options: LogTextOptions, sink: LogSink) {
    this.#options = options;
    this.#sink = sink;
    this.#details = Buffer.from(options.details === undefined ? "" : `${options.details} `);
  }

  /** Hands over the text of whole entries; false when the rest is later than what was asked for. */
  add(entries: Buffer, position: number): boolean {
    const { since, until, from } = this.#options;
    for (let at = 0; at < entries.length; ) {
      const end = entries.indexOf(newline, at);
      const kind = readKind(entries, at, end);
      if (kind !== undefined && (from === undefined || position + at >= from[kind.stream])) {
        const time = since === undefined && until === undefined ? "" : readTime(entries, at);
        if (until !== undefined && time > until) {
          this.#flush();
          return false;
        }
        if (since === undefined || time >= since) this.#addEntry(entries, at, end, kind);
      }
      at = end + 1;
    }
    this.#flush();
    return true;
  }

  #addEntry(entries: Buffer, start: number, end: number, { stream, full }: EntryKind): void {
    const most = end - start + 1 + this.#details.length;
    if (stream !== this.#stream || this.#used + most > this.#output.length) this.#flush();
    if (most > this.#output.length) this.#output = Buffer.allocUnsafeSlow(most);
    this.#stream = stream;
    if (!this.#isLineOpen[stream]) {
      if (this.#options.timestamps) {
        this.#copy(entries, start, start + timestampLength);
        this.#output[this.#used++] = 0x20;
      }
      if (this.#details.length > 0) this.#copy(this.#details, 0, this.#details.length);
    }
    this.#copy(entries, start + headLength, end);
    if (full) this.#output[this.#used++] = newline;
    this.#isLineOpen[stream] = !full;
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    this.#used += bytes.copy(this.#output, this.#used, start, end);
  }

  #flush(): void {
    const used = this.#used;
    this.#used = 0;
    if (used > 0) this.#sink(this.#stream, this.#output.subarray(0, used));
  }
}
