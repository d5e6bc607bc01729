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

/** All bytes of a blob stream. */
export async function readAll(stream: BlobStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream.body) parts.push(part);
  return Buffer.concat(parts);
}

/** Opens a blob and reads it; for failures that may come with the first byte or later. */
export async function download(opening: Promise<BlobStream>): Promise<Uint8Array> {
  return readAll(await opening);
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
