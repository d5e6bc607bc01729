import { BerthError } from "../../src/base/errors.ts";
import { formatReference } from "../../src/oci/reference.ts";
import type { BlobStream, Fetcher, FetchOptions, RawDocument, Resolver } from "../../src/oci/transport.ts";
import type { Descriptor, Digest, Reference } from "../../src/oci/types.ts";
import type { MemoryImage } from "./memory-image.ts";

/** How the next answers for a blob go wrong; each fault is used up by one answer. */
export type Fault =
  | { readonly kind: "break"; readonly after: number }
  | { readonly kind: "replace"; readonly bytes: Uint8Array }
  | { readonly kind: "ignore-offset" };

/** A registry in memory that counts what it is asked for. */
export class MemorySource implements Resolver, Fetcher {
  readonly names = new Map<string, MemoryImage>();
  /** `<digest>` or `<digest>@<offset>` of every blob request. */
  readonly fetched: string[] = [];
  readonly documents: string[] = [];
  readonly faults = new Map<Digest, Fault[]>();
  /** Runs before every chunk that is given out. */
  beforeChunk: (digest: Digest, offset: number) => void | Promise<void> = () => {};
  chunkSize = 1 << 16;
  readonly #blobs = new Map<Digest, Uint8Array>();

  add(name: string, image: MemoryImage): this {
    this.names.set(name, image);
    for (const [digest, bytes] of image.blobs) this.#blobs.set(digest, bytes);
    return this;
  }

  async resolve(reference: Reference): Promise<RawDocument> {
    const name = formatReference(reference);
    const image = this.names.get(name);
    if (image === undefined) {
      throw new BerthError("not-found", `manifest for ${name} not found: manifest unknown`);
    }
    const { platform: _, ...descriptor } = image.root;
    return { descriptor, bytes: this.#bytes(descriptor) };
  }

  async fetchManifest(_repository: Reference, descriptor: Descriptor): Promise<RawDocument> {
    this.documents.push(descriptor.digest);
    return { descriptor, bytes: this.#bytes(descriptor) };
  }

  async fetchBlob(
    _repository: Reference,
    descriptor: Descriptor,
    { offset = 0 }: FetchOptions = {},
  ): Promise<BlobStream> {
    this.fetched.push(offset === 0 ? descriptor.digest : `${descriptor.digest}@${offset}`);
    const fault = this.faults.get(descriptor.digest)?.shift();
    const bytes = fault?.kind === "replace" ? fault.bytes : this.#bytes(descriptor);
    const from = fault?.kind === "ignore-offset" ? 0 : offset;
    const end = fault?.kind === "break" ? fault.after : bytes.byteLength;
    const { chunkSize } = this;
    const before = (position: number) => this.beforeChunk(descriptor.digest, position);
    return {
      offset: from,
      body: (async function* () {
        for (let position = from; position < end; position += chunkSize) {
          await before(position);
          yield bytes.subarray(position, Math.min(end, position + chunkSize));
        }
        if (fault?.kind === "break") throw new BerthError("network", "connection reset by peer");
      })(),
    };
  }

  #bytes({ digest }: Descriptor): Uint8Array {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) throw new BerthError("not-found", `blob unknown: ${digest}`);
    return bytes;
  }
}
