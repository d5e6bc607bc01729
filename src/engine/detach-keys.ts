import { BerthError } from "../base/errors.ts";

export const defaultDetachKeys = "ctrl-p,ctrl-q";

/**
 * The bytes of a key sequence in Docker's notation: single letters, or `ctrl-` and one of `a-z @ [ \ ] ^ _`, with
 * commas between them. Empty is none. Throws `invalid-argument`.
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === "") return new Uint8Array();
  return Uint8Array.from(
    text.split(",").map((key) => {
      const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
      // Control characters are the upper-case letters less 64 (ASCII).
      if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 64;
      if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
      throw new BerthError("invalid-argument", `invalid detach keys (${text}): unknown character: '${key}'`, {
        hint: "for example ctrl-p,ctrl-q: letters, or ctrl- with one of a-z @ [ \\ ] ^ _",
      });
    }),
  );
}

/** Looks for a key sequence in what is typed. What may be its beginning is held back until the next byte tells. */
export class DetachSearch {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What is to be passed on, and whether the sequence was completed; what follows it is dropped. */
  push(typed: Uint8Array): { readonly passed: Uint8Array; readonly detached: boolean } {
    if (this.#keys.length === 0) return { passed: typed, detached: false };
    const passed: number[] = [];
    for (const byte of typed) {
      if (byte === this.#keys[this.#matched]) {
        if (++this.#matched === this.#keys.length) return { passed: Uint8Array.from(passed), detached: true };
        continue;
      }
      passed.push(...this.#keys.subarray(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) passed.push(byte);
    }
    return { passed: Uint8Array.from(passed), detached: false };
  }
}
