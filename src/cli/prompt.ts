import { BerthError } from "../base/errors.ts";
import type { Host } from "./host.ts";

/**
 * Asks a person at the terminal of stdin, one line per question, on stderr. Close it when there is nothing more to ask.
 * Throws `usage` when stdin is no terminal.
 */
export class Prompt {
  readonly #host: Host;
  readonly #signal: AbortSignal;
  readonly #decoder = new TextDecoder();
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #pending = "";

  constructor(host: Host, signal: AbortSignal) {
    if (!host.stdin.isTerminal) {
      throw new BerthError("usage", "cannot perform an interactive login from a non-TTY device", {
        hint: "give the user with --username, and the password on stdin with --password-stdin",
      });
    }
    this.#host = host;
    this.#signal = signal;
  }

  async ask(question: string): Promise<string> {
    this.#host.stderr.write(question);
    return this.#line();
  }

  /** The same without showing what is typed. */
  async askHidden(question: string): Promise<string> {
    const { hideInput } = await import("../sys/libc.ts");
    const show = hideInput(0);
    try {
      this.#host.stderr.write(question);
      return await this.#line();
    } finally {
      show();
      this.#host.stderr.write("\n");
    }
  }

  async #line(): Promise<string> {
    this.#chunks ??= this.#host.stdin.stream()[Symbol.asyncIterator]();
    for (;;) {
      const end = this.#pending.indexOf("\n");
      if (end !== -1) {
        const line = this.#pending.slice(0, end);
        this.#pending = this.#pending.slice(end + 1);
        return line.replace(/\r$/, "");
      }
      const { done, value } = await this.#unlessAborted(this.#chunks.next());
      if (done) throw new BerthError("usage", "the input ended before everything was answered");
      this.#pending += this.#decoder.decode(value, { stream: true });
    }
  }

  #unlessAborted<T>(promise: Promise<T>): Promise<T> {
    const signal = this.#signal;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    });
  }
}
