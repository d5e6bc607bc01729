import { O } from "../sys/kernel-numbers.ts";
import { systemErrorCode } from "../base/errors.ts";
import { close, open, readAt, statusIfThere, statusOf } from "../sys/files.ts";

const newline = 0x0a;
const blockSize = 256 * 1024;

interface OpenFile {
  readonly descriptor: number;
  readonly inode: bigint;
  /** Of its first byte, counted over all files. */
  readonly position: number;
}

/**
 * Reads the lines of a file that somebody else appends to, and rotates by renaming: `path`, before it `path.1`,
 * `path.2` … Nothing is missed when that happens meanwhile, except what was deleted before it could be opened.
 * Positions are bytes from the oldest file's beginning, over all files.
 */
export class RotatedLines implements Disposable {
  readonly #path: string;
  /** Oldest first; those that were read are closed and gone. */
  #files: OpenFile[];
  /** What `read` hands over next. */
  #position = 0;
  #block = Buffer.allocUnsafeSlow(blockSize);

  constructor(path: string) {
    this.#path = path;
    this.#files = this.#newerThan(undefined, 0);
  }

  /** Whether there was any file. */
  get exists(): boolean {
    return this.#files.length > 0;
  }

  /** The position behind what is there now. */
  get end(): number {
    const newest = this.#files.at(-1);
    return newest === undefined ? 0 : newest.position + statusOf(newest.descriptor).size;
  }

  /** Continues at a position that `linesBackward` told; what is before it is not read. */
  seek(position: number): void {
    this.#position = position;
    while (this.#files.length > 1 && this.#files[1]!.position <= position)
      close(this.#files.shift()!.descriptor);
  }

  /**
   * The next whole lines, with the position of their first byte; undefined when there are no more for now. The bytes
   * are good until the next call.
   */
  read(): { readonly bytes: Buffer; readonly position: number } | undefined {
    for (;;) {
      const file = this.#files[0];
      if (file === undefined) {
        this.#files = this.#newerThan(undefined, this.#position);
        if (this.#files.length === 0) return undefined;
        continue;
      }
      // A file that is no longer the newest gets nothing more: looked up before the read that finds no line in it.
      const isOver = this.#files.length > 1 || !this.#isNewest(file);
      const found = this.#readLines(file);
      if (found !== undefined) return found;
      if (!isOver || !this.#leave(file)) return undefined;
    }
  }

  #readLines(file: OpenFile): { bytes: Buffer; position: number } | undefined {
    const position = this.#position;
    for (;;) {
      const length = readAt(file.descriptor, this.#block, position - file.position);
      const end = this.#block.subarray(0, length).lastIndexOf(newline) + 1;
      if (end > 0) {
        this.#position += end;
        return { bytes: this.#block.subarray(0, end), position };
      }
      if (length < this.#block.length) return undefined;
      this.#block = Buffer.allocUnsafeSlow(this.#block.length * 2);
    }
  }

  /** Goes on with the next newer file; false when there is none yet. */
  #leave(file: OpenFile): boolean {
    const end = file.position + statusOf(file.descriptor).size;
    if (this.#files.length === 1) this.#files.push(...this.#newerThan(file.inode, end));
    const next = this.#files[1];
    if (next === undefined) return false;
    close(file.descriptor);
    this.#files.shift();
    this.#position = next.position;
    return true;
  }

  #isNewest({ inode }: OpenFile): boolean {
    const newest = this.#inodeOf(this.#path);
    return newest === undefined || newest === inode;
  }

  /** Opens the files that are newer than the one with this inode, or all, as they are between two rotations. */
  #newerThan(inode: bigint | undefined, position: number): OpenFile[] {
    for (let attempt = 1; ; attempt++) {
      const newest = this.#inodeOf(this.#path);
      const found = this.#openUntil(inode);
      if (this.#inodeOf(this.#path) === newest || attempt === 10) {
        let next = position;
        return found.toReversed().map(({ size, ...file }) => {
          const opened = { ...file, position: next };
          next += size;
          return opened;
        });
      }
      for (const { descriptor } of found) close(descriptor);
    }
  }

  #inodeOf(path: string): bigint | undefined {
    return statusIfThere(path)?.inode;
  }

  /** From the newest to the oldest. While files are being renamed one name is free, or has the file of the one before. */
  #openUntil(inode: bigint | undefined) {
    const found: { descriptor: number; inode: bigint; size: number }[] = [];
    for (let index = 0, missing = 0; missing < 2; index++) {
      let descriptor: number;
      try {
        descriptor = open(index === 0 ? this.#path : `${this.#path}.${index}`, O.RDONLY);
        missing = 0;
      } catch (error) {
        if (systemErrorCode(error) !== "ENOENT") throw error;
        missing++;
        continue;
      }
      const status = statusOf(descriptor);
      const isKnown = found.some((each) => each.inode === status.inode);
      if (status.inode === inode || isKnown) close(descriptor);
      else found.push({ descriptor, inode: status.inode, size: status.size });
      if (status.inode === inode) break;
    }
    return found;
  }

  /**
   * The lines that are there now, the last one first, each as the bytes from `start` to `end` without its end. They are
   * good until the next one.
   */
  *linesBackward(): Generator<{ bytes: Buffer; start: number; end: number; position: number }> {
    for (const file of this.#files.toReversed()) {
      let block = Buffer.allocUnsafeSlow(blockSize / 4);
      let end = statusOf(file.descriptor).size;
      let isEnd = true;
      while (end > 0) {
        const begin = Math.max(0, end - block.length);
        const bytes = block.subarray(0, readAt(file.descriptor, block.subarray(0, end - begin), begin));
        const first = begin === 0 ? 0 : bytes.indexOf(newline) + 1;
        // What is behind the last line break is not a line yet.
        let lineEnd = isEnd ? bytes.lastIndexOf(newline) : bytes.length - 1;
        if (begin > 0 && (first === 0 || first > lineEnd)) {
          block = Buffer.allocUnsafeSlow(block.length * 2);
          continue;
        }
        while (lineEnd >= first) {
          const start = lineEnd === first ? first : bytes.lastIndexOf(newline, lineEnd - 1) + 1;
          yield { bytes, start, end: lineEnd, position: file.position + begin + start };
          lineEnd = start - 1;
        }
        end = begin + first;
        isEnd = false;
      }
    }
  }

  [Symbol.dispose](): void {
    for (const { descriptor } of this.#files.splice(0)) close(descriptor);
  }
}
