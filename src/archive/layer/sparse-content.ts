import type { ByteString } from "../../sys/byte-string.ts";
import { invalidEntry } from "./invalid-layer.ts";
import { isConsistent, type SparseLayout, SparseMapText, type SparseSegment } from "./sparse-map.ts";

/** Puts the stored bytes of a sparse file where they belong. */
export class SparseContent {
  readonly realSize: number;
  readonly #storedSize: number;
  readonly #name: ByteString;
  #segments: readonly SparseSegment[] | undefined;
  readonly #text = new SparseMapText();
  readonly #block = Buffer.alloc(512);
  #blockFilled = 0;
  #mapSize = 0;
  #index = 0;
  #done = 0;

  constructor(layout: SparseLayout, storedSize: number, name: ByteString) {
    this.realSize = layout.realSize;
    this.#storedSize = storedSize;
    this.#name = name;
    if (layout.segments !== undefined) this.#accept(layout.segments);
  }

  /** Takes stored bytes in order, calls `writeAt` for those that are content. */
  write(bytes: Uint8Array, writeAt: (bytes: Uint8Array, offset: number) => void): void {
    let at = 0;
    while (this.#segments === undefined && at < bytes.length) {
      const count = Math.min(512 - this.#blockFilled, bytes.length - at);
      this.#block.set(bytes.subarray(at, at + count), this.#blockFilled);
      this.#blockFilled += count;
      at += count;
      if (this.#blockFilled < 512) continue;
      this.#blockFilled = 0;
      this.#mapSize += 512;
      const segments = this.#text.add(this.#block);
      if (segments === "malformed") throw this.#malformed();
      if (segments !== undefined) this.#accept(segments);
    }
    while (at < bytes.length) {
      const segment = this.#segments![this.#index];
      if (segment === undefined) throw this.#malformed();
      const count = Math.min(segment.length - this.#done, bytes.length - at);
      if (count > 0) writeAt(bytes.subarray(at, at + count), segment.offset + this.#done);
      at += count;
      this.#done += count;
      if (this.#done < segment.length) continue;
      this.#index++;
      this.#done = 0;
    }
  }

  /** All stored bytes were given; throws where the map was not complete. */
  finish(): void {
    if (this.#segments === undefined) throw this.#malformed();
  }

  #accept(segments: readonly SparseSegment[]): void {
    if (!isConsistent(segments, this.realSize, this.#storedSize - this.#mapSize)) throw this.#malformed();
    this.#segments = segments;
  }

  #malformed(): Error {
    return invalidEntry(this.#name, "its sparse map contradicts its content");
  }
}
