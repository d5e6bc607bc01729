import { closeSync } from "node:fs";
import type { ContainerLog } from "../../container/container-log.ts";
import type { LaunchRequest } from "../../container/launch.ts";
import { createPipe } from "../../sys/libc.ts";
import { chunksOf, setWindowSize, terminalChunks, writeAllTo } from "../container-streams.ts";
import type { Attachments } from "./attachments.ts";

/**
 * The streams of one run of a container that its monitor owns: pipes, or the monitor's end of its terminal. What comes
 * out goes to the log and to whoever is attached; who is slow slows the container down.
 */
export class MonitoredStreams implements Disposable {
  /** For `launch`. */
  readonly stdio: LaunchRequest["stdio"];
  readonly #log: ContainerLog | undefined;
  readonly #attachments: () => Attachments;
  readonly #theirs: number[] = [];
  readonly #outputs: Promise<void>[] = [];
  readonly #sources: Array<readonly ["stdout" | "stderr", number]> = [];
  #input: number | undefined;
  #terminal: number | undefined;
  /** Input is written one piece after the other, whoever it comes from. */
  #writing = Promise.resolve();

  constructor(
    options: { readonly interactive: boolean; readonly terminal: boolean },
    log: ContainerLog | undefined,
    attachments: () => Attachments,
  ) {
    this.#log = log;
    this.#attachments = attachments;
    // What is said before the program starts (by unshare, for example) goes where its errors go.
    const stdin = options.interactive && !options.terminal ? this.#inputPipe() : undefined;
    this.stdio = [stdin, this.#outputPipe("stdout"), this.#outputPipe("stderr")];
  }

  #inputPipe(): number {
    const [theirs, ours] = createPipe();
    this.#theirs.push(theirs);
    this.#input = ours;
    return theirs;
  }

  #outputPipe(stream: "stdout" | "stderr"): number {
    const [ours, theirs] = createPipe();
    this.#theirs.push(theirs);
    this.#sources.push([stream, ours]);
    return theirs;
  }

  /** After the container's process has its ends: let go of them and start to read. */
  begin(): void {
    for (const fd of this.#theirs.splice(0)) closeSync(fd);
    for (const [stream, fd] of this.#sources.splice(0)) {
      this.#outputs.push(this.#read(stream, chunksOf(fd)).finally(() => closeSync(fd)));
    }
  }

  beginTerminal(master: number, ended: Promise<unknown>): void {
    this.#terminal = master;
    const done = this.#read("stdout", terminalChunks(master, ended)).finally(() => {
      this.#terminal = undefined;
      closeSync(master);
    });
    this.#outputs.push(done);
  }

  async #read(stream: "stdout" | "stderr", chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      this.#log?.write(stream, chunk);
      await this.#attachments().output(stream, chunk);
    }
  }

  /** Resolves when the container can take more, or never wants any. */
  async input(bytes: Uint8Array): Promise<void> {
    const write = async () => {
      const fd = this.#terminal ?? this.#input;
      if (fd !== undefined) await writeAllTo(fd, bytes);
    };
    this.#writing = this.#writing.then(write);
    await this.#writing;
  }

  /** The container reads the end of its input; a terminal has no such thing. */
  endInput(): void {
    void this.#writing.then(() => this.#closeInput());
  }

  resize(size: { readonly rows: number; readonly columns: number }): void {
    if (this.#terminal !== undefined) setWindowSize(this.#terminal, size);
  }

  /** Resolves when everything that the container wrote was handed on. */
  async drained(): Promise<void> {
    await Promise.all(this.#outputs);
  }

  #closeInput(): void {
    if (this.#input !== undefined) closeSync(this.#input);
    this.#input = undefined;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#theirs.splice(0)) closeSync(fd);
    for (const [, fd] of this.#sources.splice(0)) closeSync(fd);
    this.#closeInput();
  }
}
