/** Standard input, output and error of a foreground container. */
import { TIOC } from "../sys/kernel-numbers.ts";
import { systemErrorCode } from "../base/errors.ts";
import { close, isBlockDevice, isRegularFile, readInto, statusOf } from "../sys/files.ts";
import { announceInput, createPipe, ioctl, isTerminal, makeRaw } from "../sys/libc.ts";

/**
 * Pipes, and files for output, are handed to the container as they are. A terminal never is: a program that holds it
 * could read what the person types and type for them (CVE-2017-5226), and `ls` in a container without `-t` is not on a
 * terminal for Docker either. Nor is a file that is read from: /proc/self/fd/0 opens it again, for writing. There,
 * bytes are copied through pipes.
 */
export class ContainerStreams implements Disposable {
  /** For `launch`. */
  readonly stdio: readonly [stdin: number | undefined, stdout: number, stderr: number];
  readonly #theirs: number[] = [];
  readonly #outputs: Promise<void>[] = [];
  readonly #begin: Array<() => void> = [];

  constructor(options: { readonly interactive: boolean }) {
    this.stdio = [options.interactive ? this.#input() : undefined, this.#output(1), this.#output(2)];
  }

  #input(): number {
    if (!isTerminal(0) && !isStored(0)) return 0;
    const [theirs, ours] = createPipe();
    this.#theirs.push(theirs);
    this.#begin.push(() => void copy(chunksOf(0), ours).finally(() => close(ours)));
    return theirs;
  }

  #output(fd: number): number {
    if (!isTerminal(fd)) return fd;
    const [ours, theirs] = createPipe();
    this.#theirs.push(theirs);
    this.#begin.push(() => this.#outputs.push(copy(chunksOf(ours), fd).finally(() => close(ours))));
    return theirs;
  }

  /** After the container's process has its ends: let go of them and start to copy. */
  begin(): void {
    for (const fd of this.#theirs.splice(0)) close(fd);
    for (const start of this.#begin.splice(0)) start();
  }

  /** Resolves when everything that the container wrote has been written. */
  async drained(): Promise<void> {
    await Promise.all(this.#outputs);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#theirs.splice(0)) close(fd);
  }
}

/** Whether there is a file or a disk behind the descriptor, which it would give access to beyond its own mode. */
function isStored(fd: number): boolean {
  const status = statusOf(fd);
  return isRegularFile(status) || isBlockDevice(status);
}

/**
 * What comes from a descriptor until its end, waited for by the event loop. (`fs.read` waits in a pool of as many
 * threads as there are CPUs, and a few quiet streams would stop everything else there.)
 */
export function chunksOf(fd: number): AsyncIterable<Uint8Array> {
  return fd === 0 ? Bun.stdin.stream() : Bun.file(fd).stream();
}

/**
 * What a container writes to its terminal. Bun cannot wait for our end of one, so the kernel tells by SIGIO. It tells of
 * input only and not of the end, which is looked for when `ended` resolves.
 */
export async function* terminalChunks(master: number, ended: Promise<unknown>): AsyncIterable<Uint8Array> {
  let announced = Promise.withResolvers<void>();
  let over = false;
  const listener = () => announced.resolve();
  process.on("SIGIO", listener);
  void ended.finally(() => {
    over = true;
    announced.resolve();
  });
  try {
    announceInput(master);
    const buffer = new Uint8Array(65536);
    for (;;) {
      announced = Promise.withResolvers();
      const wasOver = over;
      for (let length = readNow(master, buffer); length !== undefined; length = readNow(master, buffer)) {
        if (length === 0) return;
        yield buffer.subarray(0, length);
      }
      if (wasOver) return;
      if (!over) await announced.promise;
    }
  } finally {
    process.removeListener("SIGIO", listener);
  }
}

/** Undefined when there is nothing yet, 0 at the end: EIO is how a terminal says that nobody has it open any more. */
function readNow(fd: number, buffer: Uint8Array): number | undefined {
  try {
    return readInto(fd, buffer);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EAGAIN") return undefined;
    if (code === "EIO") return 0;
    throw error;
  }
}

/** Copies until the end of `from`; a vanished reader or a closed terminal is an end, too. */
async function copy(from: AsyncIterable<Uint8Array>, to: number): Promise<void> {
  try {
    for await (const chunk of from) if (!(await writeAllTo(to, chunk))) return;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** What a system call says of a reader that vanished or a terminal that was closed. */
function isGone(error: unknown): boolean {
  return ["EIO", "EPIPE", "EBADF", "ENXIO"].includes(systemErrorCode(error) ?? "");
}

/** Writes all of it; false when nobody can receive it any more. */
export async function writeAllTo(fd: number, bytes: Uint8Array): Promise<boolean> {
  try {
    for (let at = 0; at < bytes.length; ) at += await writeSome(fd, bytes, at);
    return true;
  } catch (error) {
    if (!isGone(error)) throw error;
    return false;
  }
}

const pollInterval = 5;

/** Writes what fits; a non-blocking descriptor (the person's terminal may be one) may want us to try again. */
function writeSome(fd: number, chunk: Uint8Array, start: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const attempt = () =>
      process
        .getBuiltinModule("node:fs")
        .write(fd, chunk, start, chunk.length - start, null, (error, length) => {
          if (systemErrorCode(error) === "EAGAIN") setTimeout(attempt, pollInterval);
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
export function rawTerminal(fd: number): Disposable {
  const restore = makeRaw(fd);
  process.once("exit", restore);
  return {
    [Symbol.dispose]() {
      process.removeListener("exit", restore);
      restore();
    },
  };
}
