import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recogniseCompression } from "../../src/archive/layer/decompress.ts";
import { BerthError } from "../../src/base/errors.ts";
import type { LayerUnpacker, UnpackRequest, UnpackResult } from "../../src/oci/unpacker.ts";
import { digestOf } from "./records.ts";

/** Writes the uncompressed bytes of a layer into `<target>/data`, after the same check that the true one makes. */
export class FakeUnpacker implements LayerUnpacker {
  readonly unpacked: string[] = [];
  /** The layers of each image that was completed, lowest first. */
  readonly completed: (readonly string[])[] = [];
  /** Runs when the target is there and still empty. */
  during: (request: UnpackRequest) => void | Promise<void> = () => {};

  async unpack(
    request: UnpackRequest,
    onProgress?: (bytes: number) => void,
    signal?: AbortSignal,
  ): Promise<UnpackResult> {
    mkdirSync(request.target);
    try {
      return await this.#fill(request, onProgress, signal);
    } catch (error) {
      rmSync(request.target, { recursive: true });
      throw error;
    }
  }

  async #fill(
    request: UnpackRequest,
    onProgress: ((bytes: number) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<UnpackResult> {
    await this.during(request);
    const blob = await Promise.race([wholeBlob(request), aborted(signal)]);
    const compression = recogniseCompression(blob.subarray(0, 512));
    const content =
      compression === "gzip"
        ? Bun.gunzipSync(blob)
        : compression === "zstd"
          ? Bun.zstdDecompressSync(blob)
          : blob;
    onProgress?.(blob.byteLength);
    const actual = digestOf(content);
    if (actual !== request.diffId) {
      throw new BerthError("digest-mismatch", `layer has diff id ${actual}, not ${request.diffId}`);
    }
    writeFileSync(join(request.target, "data"), content);
    this.unpacked.push(request.diffId);
    return { size: content.byteLength, notes: [] };
  }

  async complete(layers: readonly string[]): Promise<void> {
    this.completed.push(layers);
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Opens what is there at first, as the true one does, and reads it when it has all come. */
async function wholeBlob({ blob, arriving }: UnpackRequest): Promise<Uint8Array<ArrayBuffer>> {
  const fd = openSync(arriving !== undefined && existsSync(arriving.path) ? arriving.path : blob, "r");
  try {
    for await (const _ of arriving?.lengths ?? []);
    return new Uint8Array(readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}
