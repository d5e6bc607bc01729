import { openSync } from "node:fs";
import { decompressArchive } from "../archive/decompress-archive.ts";
import { userAgent } from "../base/build-information.ts";
import { BerthError } from "../base/errors.ts";
import { changedConfig } from "../build/config-changes.ts";
import { addLayer } from "../image/add-layer.ts";
import { storeImage } from "../image/store-image.ts";
import { hostPlatform, parsePlatform } from "../oci/platform.ts";
import { familiarString, formatReference } from "../oci/reference.ts";
import type { Digest } from "../oci/types.ts";
import type { LayerTarget } from "../snapshot/types.ts";
import { writeLayer } from "../snapshot/write-layer.ts";
import type { EngineContext } from "./context.ts";
import { decompressors } from "./decompressors.ts";
import { newImageName } from "./new-image-name.ts";
import { emitImageEvent } from "./image-event.ts";
import { sweepStore } from "./import-into-store.ts";

export interface ImportOptions {
  /** A tar, plain or compressed, or the web address of one. */
  readonly source: AsyncIterable<Uint8Array> | string;
  /** `REPOSITORY[:TAG]` as typed; undefined for an image without a name. */
  readonly name?: string;
  readonly message: string;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  /** `os/architecture[/variant]` */
  readonly platform?: string;
  readonly signal?: AbortSignal;
}

/** Makes an image with one layer of a tar of files; its id. Throws `invalid-image`, `invalid-argument`, `registry`, `network`. */
export async function importFiles(context: EngineContext, options: ImportOptions): Promise<Digest> {
  const { store, snapshotter, unpacker } = context;
  const { signal } = options;
  const name = options.name === undefined ? undefined : newImageName(options.name);
  const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
  const config = changedConfig({}, options.changes);
  await sweepStore(context);
  const source =
    typeof options.source === "string" ? await download(context, options.source, signal) : options.source;
  const tar = await decompressArchive(source, decompressors(context));
  if (tar === undefined) throw new BerthError("invalid-argument", "the archive to import is empty");

  using lease = store.lease();
  const tools = {
    store,
    unpacker,
    removeTree: (path: string) => snapshotter.removeTree(path),
    onNote: context.warn,
  };
  const write = ({ output }: LayerTarget) =>
    writeLayer(untilAborted(tar, signal), openSync(output, "wx", 0o600));
  const layer = await addLayer(tools, lease, write, signal);
  const created = new Date().toISOString();
  const { id } = await storeImage(
    store,
    {
      config: {
        created,
        architecture: platform.architecture,
        ...(platform.variant === undefined ? {} : { variant: platform.variant }),
        os: platform.os,
        config,
        rootfs: { type: "layers", diff_ids: layer === undefined ? [] : [layer.diffId] },
        history: [
          { created, comment: options.message, ...(layer === undefined ? { empty_layer: true } : {}) },
        ],
      },
      layers: layer === undefined ? [] : [layer.descriptor],
      names: name === undefined ? [] : [formatReference(name)],
    },
    lease,
  );
  emitImageEvent(context, "import", { id, name: name === undefined ? id : familiarString(name) });
  return id;
}

/** The bytes of a file of the web, however many. */
async function download(
  { env }: EngineContext,
  address: string,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  const { downloadFile } = await import("../registry/download-file.ts");
  const file = await downloadFile(address, {
    env,
    userAgent,
    limit: Number.POSITIVE_INFINITY,
    ...(signal === undefined ? {} : { signal }),
  });
  return file.chunks();
}

async function* untilAborted(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    signal?.throwIfAborted();
    yield chunk;
  }
}
