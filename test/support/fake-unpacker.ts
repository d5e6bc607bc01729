import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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

  async unpack(request: UnpackRequest, onProgress?: (bytes: number) => void): Promise<UnpackResult> {
    const blob = new Uint8Array(readFileSync(request.blob));
    const content =
      request.compression === "gzip"
        ? Bun.gunzipSync(blob)
        : request.compression === "zstd"
          ? Bun.zstdDecompressSync(blob)
          : blob;
    mkdirSync(request.target);
    await this.during(request);
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
