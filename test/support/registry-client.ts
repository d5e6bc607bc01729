import { expect } from "bun:test";
import { BerthError } from "../../src/base/errors.ts";
import type { BlobStream } from "../../src/oci/transport.ts";
import { openRegistry, type RegistryOptions } from "../../src/registry/registry.ts";

/** A client with waits short enough for tests; nothing is insecure unless told. */
export function openTestRegistry(options: Partial<RegistryOptions> = {}) {
  return openRegistry({
    insecureRegistries: [],
    userAgent: "berth-test/1",
    idleTimeoutMs: 5_000,
    ...options,
    retry: { baseMs: 1, ...options.retry },
  });
}

/** Counts what a test has read, so that a faulty registry can wait for it before it breaks the connection. */
export class ReadGate {
  #read = 0;
  #waiting: { bytes: number; resolve: () => void }[] = [];

  add(bytes: number): void {
    this.#read += bytes;
    for (const { bytes: needed, resolve } of this.#waiting) if (this.#read >= needed) resolve();
    this.#waiting = this.#waiting.filter(({ bytes: needed }) => this.#read < needed);
  }

  /** Resolves when this many bytes were read altogether. */
  reached(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
      this.add(0);
    });
  }
}

/** All bytes of a blob stream. */
export async function readAll(stream: BlobStream, gate?: ReadGate): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream.body) {
    parts.push(part);
    gate?.add(part.length);
  }
  return Buffer.concat(parts);
}

/** Opens a blob and reads it; for failures that may come with the first byte or later. */
export async function download(opening: Promise<BlobStream>, gate?: ReadGate): Promise<Uint8Array> {
  return readAll(await opening, gate);
}

/** The BerthError that `promise` fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<BerthError> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(BerthError);
    if (error instanceof BerthError) return error;
  }
  throw new Error("it did not fail");
}

/** Bytes that are not all alike, the same on every run. */
export function patternedBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
