/** Standard input, output and error of a foreground container. */
import { closeSync, read, write } from "node:fs";
import { systemErrorCode } from "../base/errors.ts";
import { createPipe, ioctl, TIOC } from "../sys/libc.ts";

/**
 * Files and pipes are handed to the container as they are. A terminal never is: a program that holds it could read
 * what the person types and type for them (CVE-2017-5226), and `ls` in a container without `-t` is not on a terminal
 * for Docker either. There, bytes are copied through pipes.
 */
export class ContainerStreams implements Disposable {
  /** For `launch`. */
  readonly stdio: readonly [stdin: number | undefined, stdout: number, stderr: number];
  readonly #theirs: number[] = [];
  readonly #outputs: Promise<void>[] = [];
  readonly #begin: Array<() => void> = [];

  constructor(isTerminal: (fd: number) => boolean, options: { interactive: boolean; terminal: boolean }) {
    if (options.terminal) {
      this.stdio = [undefined, 1, 2];
      return;
    }
    this.stdio = [
      options.interactive ? this.#input(isTerminal) : undefined,
      this.#output(1, isTerminal),
      this.#output(2, isTerminal),
    ];
  }

  #input(isTerminal: (fd: number) => boolean): number {
    if (!isTerminal(0)) return 0;
    const [theirs, ours] = createPipe();
    this.#theirs.push(theirs);
    this.#begin.push(() => void copy(0, ours).finally(() => closeSync(ours)));
    return theirs;
  }

  #output(fd: number, isTerminal: (fd: number) => boolean): number {
    if (!isTerminal(fd)) return fd;
    const [ours, theirs] = createPipe();
    this.#theirs.push(theirs);
    this.#begin.push(() => this.#outputs.push(copy(ours, fd).finally(() => closeSync(ours))));
    return theirs;
  }

  /** After the container's process has its ends: let go of them and start to copy. */
  begin(): void {
    for (const fd of this.#theirs.splice(0)) closeSync(fd);
    for (const start of this.#begin.splice(0)) start();
  }

  /** Copies between the person's terminal and the container's. */
  beginTerminal(master: number, options: { interactive: boolean }): void {
    this.#outputs.push(copy(master, 1));
    if (options.interactive) void copy(0, master);
  }

  /** Resolves when everything that the container wrote has been written. */
  async drained(): Promise<void> {
    await Promise.all(this.#outputs);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#theirs.splice(0)) closeSync(fd);
  }
}

/** Copies until the end of `from`; a vanished reader or a closed terminal is an end, too. */
async function copy(from: number, to: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(65536);
  try {
    for (;;) {
      const length = await readInto(from, buffer);
      if (length === 0) return;
      for (let at = 0; at < length; ) at += await writeFrom(to, buffer, at, length);
    }
  } catch (error) {
    if (!["EIO", "EPIPE", "EBADF", "ENXIO"].includes(systemErrorCode(error) ?? "")) throw error;
  }
}

/** Whether a non-blocking descriptor (the person's terminal may be one) wants us to try again. */
const isBusy = (error: Error | null) =>
  systemErrorCode(error) === "EAGAIN" || systemErrorCode(error) === "EINTR";
const pollInterval = 5;

function readInto(fd: number, buffer: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const attempt = () =>
      read(fd, buffer, 0, buffer.length, null, (error, length) => {
        if (isBusy(error)) setTimeout(attempt, pollInterval);
        else if (error) reject(error);
        else resolve(length);
      });
    attempt();
  });
}

function writeFrom(fd: number, buffer: Buffer, start: number, end: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const attempt = () =>
      write(fd, buffer, start, end - start, null, (error, length) => {
        if (isBusy(error)) setTimeout(attempt, pollInterval);
        else if (error) reject(error);
        else resolve(length);
      });
    attempt();
  });
}

/** Rows and columns of a terminal; undefined when `fd` is none. */
export function windowSize(fd: number): { rows: number; columns: number } | undefined {
  const size = new Uint16Array(4);
  try {
    ioctl(fd, TIOC.GWINSZ, size);
  } catch {
    return undefined;
  }
  return size[0] && size[1] ? { rows: size[0], columns: size[1] } : undefined;
}

export function setWindowSize(fd: number, size: { rows: number; columns: number }): void {
  ioctl(fd, TIOC.SWINSZ, new Uint16Array([size.rows, size.columns, 0, 0]));
}

/** Every key goes to the container as it is, until disposal gives the person's terminal back as it was. */
export async function rawTerminal(fd: number): Promise<Disposable> {
  const { ReadStream } = await import("node:tty");
  const stream = new ReadStream(fd);
  stream.setRawMode(true);
  stream.pause();
  const restore = () => stream.setRawMode(false);
  process.once("exit", restore);
  return {
    [Symbol.dispose]() {
      process.removeListener("exit", restore);
      restore();
    },
  };
}
