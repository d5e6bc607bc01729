import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { BerthError, messageOf } from "../base/errors.ts";
import { randomHex } from "../sys/random-hex.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { BlobBytes, PushedBlob, Pusher, RawDocument } from "../oci/transport.ts";
import type { Descriptor, Index, Reference } from "../oci/types.ts";
import { parseManifestOrIndex } from "../oci/validate.ts";
import { blobName } from "./archive-content.ts";
import { openOciLayout, referenceAnnotation } from "./oci-layout.ts";

/**
 * A directory with an OCI image layout (image-spec "image-layout.md") as the end of a copy: made when it is not there, added to
 * when it is. A file has its final name when it is whole, and `index.json` names an image when everything of it is there. A
 * document with a digest in its reference is part of another one; any other is an image, which its tag names. Bytes are verified
 * by who gives them.
 */
export class OciLayoutWriter implements Pusher {
  readonly #directory: string;

  /** Throws `invalid-argument` or `invalid-image` for a place with something else, `denied` where it cannot be made. */
  constructor(directory: string) {
    this.#directory = directory;
    if (existsSync(directory)) {
      if (!statSync(directory).isDirectory())
        throw new BerthError("invalid-argument", `${directory} is not a directory`);
      if (readdirSync(directory).length > 0) openOciLayout(directory);
    }
    try {
      mkdirSync(join(directory, "blobs/sha256"), { recursive: true });
    } catch (error) {
      throw new BerthError("denied", `cannot create ${directory}: ${messageOf(error)}`, { cause: error });
    }
    this.#write("oci-layout", '{"imageLayoutVersion":"1.0.0"}');
    if (!existsSync(join(directory, "index.json"))) this.#writeIndex([]);
  }

  async pushBlob(
    _: Reference,
    { digest, size }: Descriptor,
    bytes: BlobBytes,
    { onBytes, signal }: { onBytes?: (sent: number) => void; signal?: AbortSignal } = {},
  ): Promise<PushedBlob> {
    const path = join(this.#directory, blobName(digest));
    if (statSync(path, { throwIfNoEntry: false })?.size === size) return { kind: "present" };
    const unfinished = `${path}.${randomHex(8)}`;
    let file: FileHandle | undefined;
    try {
      file = await open(unfinished, "wx", 0o644);
      let sent = 0;
      for await (const chunk of bytes(0)) {
        signal?.throwIfAborted();
        await file.writeFile(chunk);
        sent += chunk.byteLength;
        onBytes?.(sent);
      }
      await file.sync();
      await file.close();
      file = undefined;
      renameSync(unfinished, path);
    } catch (error) {
      await file?.close();
      if (existsSync(unfinished)) unlinkSync(unfinished);
      throw error;
    }
    return { kind: "pushed" };
  }

  async pushManifest(reference: Reference, { descriptor, bytes }: RawDocument): Promise<void> {
    const { mediaType, digest, size } = descriptor;
    this.#write(blobName(digest), bytes);
    if (reference.digest !== undefined) return;
    const { tag } = reference;
    const others = this.#index().manifests.filter(({ annotations, digest: other }) =>
      tag === undefined ? other !== digest : annotations?.[referenceAnnotation] !== tag,
    );
    const annotations = tag === undefined ? {} : { annotations: { [referenceAnnotation]: tag } };
    this.#writeIndex([...others, { mediaType, digest, size, ...annotations }]);
  }

  #index(): Index {
    const bytes = readFileSync(join(this.#directory, "index.json"));
    const parsed = parseManifestOrIndex(bytes, mediaTypes.ociIndex);
    if (parsed.kind === "index") return parsed.index;
    throw new BerthError("invalid-image", `${this.#directory}/index.json is not an image index`);
  }

  #writeIndex(manifests: readonly Descriptor[]): void {
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    this.#write("index.json", JSON.stringify(index));
  }

  #write(name: string, content: string | Uint8Array): void {
    const path = join(this.#directory, name);
    const unfinished = `${path}.${randomHex(8)}`;
    writeFileSync(unfinished, content, { mode: 0o644, flush: true });
    renameSync(unfinished, path);
  }
}
