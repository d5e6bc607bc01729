/** What is told comes in steps of this many bytes, because each telling wakes a worker. */
const step = 1 << 20;

/** How far the download of a blob has come, for the worker that unpacks it meanwhile. */
export class ArrivingBlob {
  readonly #restart = new AbortController();
  #bytes = 0;
  #told = 0;
  #whole = false;
  #wake = () => {};

  /** Fires when the download takes back what was there, because it was not what was promised. */
  get restarted(): AbortSignal {
    return this.#restart.signal;
  }

  get isWhole(): boolean {
    return this.#whole;
  }

  /** So many bytes are there now; fewer than before when the download had to start over. */
  advance(bytes: number): void {
    if (bytes < this.#bytes) this.#restart.abort();
    this.#bytes = bytes;
    if (bytes - this.#told >= step) this.#wake();
  }

  /** All bytes are there. */
  finish(): void {
    this.#whole = true;
    this.#wake();
  }

  /** How many bytes are there, by and by; ends when all are. For one reader. */
  async *lengths(): AsyncGenerator<number, void, void> {
    for (;;) {
      if (!this.#whole && this.#bytes - this.#told < step) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
      if (this.#whole) return;
      this.#told = this.#bytes;
      yield this.#bytes;
    }
  }
}
