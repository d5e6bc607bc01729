import { O } from "../sys/kernel-numbers.ts";
import { preciseNow } from "../base/precise-time.ts";
import { rename, unlinkIfThere } from "../sys/directory-entries.ts";
import { close, open, readAt, statusOf, truncate, writeAll } from "../sys/files.ts";
import { EntryHead, headLength, type LogStream, newline } from "./log-entry.ts";

export interface LogLimits {
  /** Bytes after which a file is rotated. */
  readonly maxSize: number;
  /** How many files are kept, with the one that is being written. */
  readonly maxFiles: number;
}

const bufferSize = 128 * 1024;

/**
 * Writes a container's log: `path`, and older parts as `path.1`, `path.2` … A file is rotated by renaming, so whoever
 * has it open reads it to its end and goes on with the next one. Every write is synchronous, so a flood slows the
 * container down and takes no memory. The container is more important than its log: what cannot be written (no space)
 * is lost, and whole entries only.
 */
export class ContainerLog {
  readonly #path: string;
  readonly #limits: LogLimits;
  readonly #heads = { stdout: new EntryHead("stdout"), stderr: new EntryHead("stderr") };
  #file: number | undefined;
  /** Bytes in the file. */
  #size = 0;
  /** Entries that are not in the file yet; made when first needed. */
  #buffer: Buffer | undefined;
  #used = 0;

  /** Goes on with the log that is there. Throws what the file system says when it cannot be opened. */
  constructor(path: string, limits: LogLimits) {
    this.#path = path;
    this.#limits = limits;
    this.#open();
  }

  /** Adds what the container wrote; a line may come in several chunks. All of it has one time. */
  write(stream: LogStream, chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#buffer ??= Buffer.allocUnsafeSlow(bufferSize);
    const buffer = this.#buffer;
    const head = this.#heads[stream];
    head.stamp(preciseNow());
    for (let at = 0; at < bytes.length; ) {
      const lineEnd = bytes.indexOf(newline, at);
      const longest = at + bufferSize - headLength - 1;
      const end = Math.min(lineEnd === -1 ? bytes.length : lineEnd, longest);
      const isFull = end === lineEnd;
      const length = headLength + end - at + 1;
      const isTooMuch =
        this.#used + length > bufferSize || this.#size + this.#used + length > this.#limits.maxSize;
      if (isTooMuch && this.#used > 0) this.#flush();
      head.mark(isFull);
      head.bytes.copy(buffer, this.#used);
      bytes.copy(buffer, this.#used + headLength, at, end);
      this.#used += length;
      buffer[this.#used - 1] = newline;
      at = isFull ? end + 1 : end;
    }
    this.#flush();
  }

  close(): void {
    if (this.#file !== undefined) close(this.#file);
    this.#file = undefined;
  }

  #open(): void {
    this.#file = open(this.#path, O.RDWR | O.CREAT | O.APPEND, 0o600);
    this.#size = statusOf(this.#file).size;
    if (this.#size === 0) return;
    // A crash may have left half an entry; it must not swallow the next one.
    const last = new Uint8Array(1);
    readAt(this.#file, last, this.#size - 1);
    if (last[0] === newline) return;
    writeAll(this.#file, Uint8Array.of(newline));
    this.#size++;
  }

  #flush(): void {
    const length = this.#used;
    this.#used = 0;
    try {
      if (this.#file === undefined) this.#open();
      else if (this.#size > 0 && this.#size + length > this.#limits.maxSize) this.#rotate();
      writeAll(this.#file!, this.#buffer!.subarray(0, length));
      this.#size += length;
    } catch {
      this.#cutBack();
    }
  }

  /** Takes away the part of an entry that found its way into the file before the failure. */
  #cutBack(): void {
    try {
      truncate(this.#file!, this.#size);
    } catch {
      // The log is gone together with the container's directory, or on a file system that now refuses everything.
    }
  }

  #rotate(): void {
    const name = (index: number) => (index === 0 ? this.#path : `${this.#path}.${index}`);
    const oldest = this.#limits.maxFiles - 1;
    if (oldest === 0) unlinkIfThere(this.#path);
    for (let index = oldest; index > 0; index--) {
      try {
        rename(name(index - 1), name(index));
      } catch {
        // There are not that many yet.
      }
    }
    this.close();
    this.#open();
  }
}
