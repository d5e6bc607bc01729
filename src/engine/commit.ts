import { BerthError, isBerthError } from "../base/errors.ts";
import { changedConfig } from "../build/config-changes.ts";
import { addLayer } from "../image/add-layer.ts";
import { storeImage } from "../image/store-image.ts";
import { openStoredImage } from "../image/stored-image.ts";
import { formatReference } from "../oci/reference.ts";
import type { Digest, HistoryEntry, ImageConfig, ImageExecutionConfig } from "../oci/types.ts";
import { parseImageConfig } from "../oci/validate.ts";
import type { GrownTree, LayerTarget } from "../snapshot/types.ts";
import type { ContainerRecord, ImageRecord } from "../store/types.ts";
import { emitContainerEvent } from "./container-event.ts";
import { containerTree, currentContainer, failureWith } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";
import { newImageName } from "./new-image-name.ts";
import { inspectContainer } from "./inspect-container.ts";
import { pauseContainer, unpauseContainer } from "./pause.ts";

export interface CommitOptions {
  /** `REPOSITORY[:TAG]` as typed; undefined for an image without a name. */
  readonly name?: string;
  readonly author: string;
  readonly message: string;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  /** Stop a running container's processes meanwhile, so that its files belong together. */
  readonly pause: boolean;
  readonly signal?: AbortSignal;
}

/** Makes an image of a container's files and settings; its id. Throws `not-found`, `invalid-argument`, `invalid-reference`. */
export async function commitContainer(
  context: EngineContext,
  idOrName: string,
  options: CommitOptions,
): Promise<Digest> {
  const { store, snapshotter, treeReader, unpacker } = context;
  const { signal } = options;
  const name = options.name === undefined ? undefined : newImageName(options.name);
  const container = await currentContainer(context, idOrName);
  const base = store.images.get(container.imageId);
  if (base === undefined) {
    throw new BerthError(
      "not-found",
      `the image of container ${container.name} is gone: ${container.image}`,
      {
        hint: `berth export ${container.name} | berth import - NAME makes an image of its files`,
      },
    );
  }
  const settings = await settingsOf(context, container, base);
  const config = changedConfig(settings, options.changes);

  using lease = store.lease();
  const { manifest } = await openStoredImage(store, base, lease, signal);
  const { grown } = containerTree(context, container);
  const tools = { store, unpacker, removeTree: (path: string) => snapshotter.removeTree(path) };
  const tell = (error: unknown) => Promise.reject(failureWith(context, container, error));
  const write = (tree: GrownTree) => (target: LayerTarget) =>
    whilePaused(context, container, options.pause, () => treeReader.writeLayer({ tree, ...target }, signal));
  const layer = grown && (await addLayer(tools, lease, write(grown), signal).catch(tell));
  const image = await storeImage(
    store,
    {
      config: imageConfig(base, config, layer?.diffId, {
        created: new Date().toISOString(),
        created_by: (settings.Cmd ?? []).join(" "),
        ...(options.author === "" ? {} : { author: options.author }),
        ...(options.message === "" ? {} : { comment: options.message }),
        ...(layer === undefined ? { empty_layer: true } : {}),
      }),
      layers: layer === undefined ? manifest.layers : [...manifest.layers, layer.descriptor],
      names: name === undefined ? [] : [formatReference(name)],
    },
    lease,
  );
  const imageRef = name === undefined ? {} : { imageRef: formatReference(name) };
  emitContainerEvent(context, container, "commit", {
    comment: options.message,
    imageID: image.id,
    ...imageRef,
  });
  return image.id;
}

/** What `inspect` says of the container, as far as an image can say it. */
async function settingsOf(
  context: EngineContext,
  { id }: ContainerRecord,
  { config }: ImageRecord,
): Promise<ImageExecutionConfig> {
  const inspected = await inspectContainer(context, id);
  const document = { ...config, config: inspected.Config };
  return parseImageConfig(Buffer.from(JSON.stringify(document))).config ?? {};
}

/** The order of the fields is that in which Go's encoders write them. */
function imageConfig(
  { config: base }: ImageRecord,
  config: ImageExecutionConfig,
  diffId: Digest | undefined,
  step: HistoryEntry,
): ImageConfig {
  const { created, author } = step;
  return {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    architecture: base.architecture,
    ...(base.variant === undefined ? {} : { variant: base.variant }),
    os: base.os,
    ...(base["os.version"] === undefined ? {} : { "os.version": base["os.version"] }),
    config,
    rootfs: {
      type: "layers",
      diff_ids: diffId === undefined ? base.rootfs.diff_ids : [...base.rootfs.diff_ids, diffId],
    },
    history: [...(base.history ?? []), step],
  };
}

/** With its processes stopped, if it runs and that is wanted; they go on whatever becomes of the work. */
async function whilePaused<T>(
  context: EngineContext,
  { id, state }: ContainerRecord,
  wanted: boolean,
  work: () => Promise<T>,
): Promise<T> {
  if (!wanted || state.status !== "running") return work();
  try {
    await pauseContainer(context, id);
  } catch (error) {
    if (!isBerthError(error, "conflict")) throw error;
    return work(); // it has just ended, or somebody else has paused it
  }
  try {
    return await work();
  } finally {
    await unpauseContainer(context, id).catch((error: unknown) => {
      if (!isBerthError(error, "conflict", "not-found")) throw error; // it was ended, or somebody was quicker
    });
  }
}
