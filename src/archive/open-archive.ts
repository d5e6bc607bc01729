import { invalidImage } from "../oci/document.ts";
import { type Decompressors, decompressArchive } from "./decompress-archive.ts";
import { isDockerArchive, readDockerArchive } from "./docker-archive.ts";
import type { ImageArchive } from "./image-archive.ts";
import { isOciLayout, readOciLayout } from "./oci-layout.ts";
import { spoolTar } from "./spool.ts";

/**
 * Opens an archive of images: an OCI image layout or a docker-archive in a tar, plain or compressed, all told by content.
 * An archive that is both (Docker 25 and later) is read as a layout, whose manifests keep their digests. Members are
 * written to `spool`, a directory that does not exist yet and is the caller's to remove. Undefined for an empty stream.
 */
export async function openArchive(
  stream: AsyncIterable<Uint8Array>,
  spool: string,
  decompressors: Decompressors,
  signal?: AbortSignal,
): Promise<ImageArchive | undefined> {
  const tar = await decompressArchive(stream, decompressors);
  if (tar === undefined) return undefined;
  const files = await spoolTar(tar, spool, signal);
  if (isOciLayout(files)) return readOciLayout(files);
  if (isDockerArchive(files)) return readDockerArchive(files);
  throw invalidImage("this is not an archive of images: it has neither index.json nor manifest.json");
}
