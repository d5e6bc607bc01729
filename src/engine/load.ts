import { createReadStream, statSync } from "node:fs";
import { openOciLayout } from "../archive/oci-layout.ts";
import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { parsePlatform } from "../oci/platform.ts";
import { familiarString, parseReference } from "../oci/reference.ts";
import type { ProgressListener } from "../oci/transport.ts";
import type { Digest } from "../oci/types.ts";
import type { EngineContext } from "./context.ts";
import { emitImageEvent } from "./image-event.ts";
import { sweepStore } from "./import-into-store.ts";
import { type LoadArchiveOptions, loadArchive, loadImages } from "./load-archive.ts";

export interface LoadOptions {
  /** A tar stream; or the path of a tar file or of an OCI layout directory. */
  readonly source:
    | { readonly kind: "stream"; readonly stream: AsyncIterable<Uint8Array> }
    | { readonly kind: "path"; readonly path: string };
  /** `os/architecture[/variant]` */
  readonly platform?: string;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

export interface LoadedImage {
  readonly imageId: Digest;
  /** Familiar: `alpine:3.20`. Empty for an image that the archive does not name. */
  readonly names: readonly string[];
  /** Names that another image lost to this one, and its id. */
  readonly taken: readonly { readonly name: string; readonly from: Digest }[];
}

/** Brings the images of an archive into the store, under the names that they have in it. */
export async function load(context: EngineContext, options: LoadOptions): Promise<readonly LoadedImage[]> {
  const { source, platform, onProgress, signal } = options;
  const inner: LoadArchiveOptions = {
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
  const loaded =
    source.kind === "path"
      ? await loadPath(context, source.path, inner)
      : await loadArchive(context, { ...inner, stream: source.stream });
  if (loaded === undefined) {
    throw new BerthError(
      "invalid-argument",
      source.kind === "path" ? `${source.path} is empty` : "requested load from stdin, but stdin is empty",
    );
  }
  for (const { image } of loaded) emitImageEvent(context, "load", { id: image.id, name: image.id });
  const familiar = (name: string) => familiarString(parseReference(name));
  return loaded.map(({ image, names, taken }) => ({
    imageId: image.id,
    names: names.map(familiar),
    taken: taken.map(({ name, from }) => ({ name: familiar(name), from })),
  }));
}

async function loadPath(context: EngineContext, path: string, options: LoadArchiveOptions) {
  try {
    if (!statSync(path).isDirectory()) {
      const stream = createReadStream(path, { highWaterMark: 1 << 20 });
      return await loadArchive(context, { ...options, stream });
    }
  } catch (error) {
    if (error instanceof BerthError) throw error;
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new BerthError("not-found", `open ${path}: no such file or directory`, { cause: error });
    }
    if (code === "EACCES")
      throw new BerthError("denied", `open ${path}: permission denied`, { cause: error });
    if (code !== undefined)
      throw new BerthError("invalid-argument", `open ${path}: ${messageOf(error)}`, { cause: error });
    throw error;
  }
  const archive = openOciLayout(path);
  await sweepStore(context);
  return loadImages(context, archive, options);
}
