import type { ContainerLog } from "../../container/container-log.ts";
import { close } from "../../sys/files.ts";
import { chunksOf, setWindowSize, terminalChunks, writeAllTo } from "../container-streams.ts";
import type { Attachments } from "./attachments.ts";
import type { ContainerPipes } from "./container-pipes.ts";

/**
 * The streams of one run of a container that its monitor owns: pipes, or the monitor's end of its terminal. What comes
 * out goes to the log and to whoever is attached; who is slow slows the container down.
 */
export class MonitoredStreams implements Disposable {
  readonly #log: ContainerLog | undefined;
  readonly #attachments: () => Attachments;
  readonly #pipes: ContainerPipes;
  readonly #outputs: Promise<void>[] = [];
  #input: number | undefined;
  #terminal: number | undefined;
  /** Input is written one piece after the other, whoever it comes from. */
  #writing = Promise.resolve();

  constructor(pipes: ContainerPipes, log: ContainerLog | undefined, attachments: () => Attachments) {
    this.#pipes = pipes;
    this.#log = log;
    this.#attachments = attachments;
  }

  /** After the container's process has its ends: starts to read. */
  begin(): void {
    const { stdout, stderr, stdin } = this.#pipes.take();
    this.#input = stdin;
    for (const [stream, fd] of [
      ["stdout", stdout],
      ["stderr", stderr],
    ] as const)
      this.#outputs.push(this.#read(stream, chunksOf(fd)).finally(() => close(fd)));
  }

  beginTerminal(master: number, ended: Promise<unknown>): void {
    this.#terminal = master;
    const done = this.#read("stdout", terminalChunks(master, ended)).finally(() => {
      this.#terminal = undefined;
      close(master);
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
    if (this.#input !== undefined) close(this.#input);
    this.#input = undefined;
  }

  [Symbol.dispose](): void {
    this.#pipes[Symbol.dispose]();
    this.#closeInput();
  }
}
