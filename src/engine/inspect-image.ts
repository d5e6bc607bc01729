import type { ImageExecutionConfig } from "../oci/types.ts";
import type { EngineContext } from "./context.ts";
import { findImage, storedName } from "./find-image.ts";
import { namesOf } from "./image-names.ts";
import type { DescribedImage } from "./described-image.ts";
import { placeOf } from "./place.ts";

/** What Go prints for a time that was never set. */
const noTime = "0001-01-01T00:00:00Z";

/**
 * One image in the shape of Docker's image inspect (moby api/types/image/image_inspect.go), keys in its order.
 * `docker://NAME`, `oci:PATH` and the like are read where they are. Throws `not-found`.
 */
export async function inspectImage(
  context: EngineContext,
  reference: string,
): Promise<Record<string, unknown>> {
  const place = placeOf(reference);
  if (place !== undefined) {
    const { readImage } = await import("./read-image.ts");
    return imageDocument(await readImage(context, place));
  }
  const store = context.readingStore;
  const image = findImage(store, await storedName(context, store, reference));
  const names = namesOf(store, image.id);
  const [top, ...lower] = image.config.rootfs.diff_ids
    .map((diffId) => store.layers.path(diffId))
    .toReversed();
  return imageDocument({
    ...image,
    tags: names.tags.map(({ name }) => name),
    digests: names.digests.map(({ name }) => name),
    graphDriver: {
      Data: {
        ...(lower.length > 0 ? { LowerDir: lower.join(":") } : {}),
        ...(top === undefined ? {} : { UpperDir: top }),
      },
      Name: context.env.BERTH_STORAGE_DRIVER || context.configuration.storageDriver || "overlay",
    },
  });
}

function imageDocument(image: DescribedImage): Record<string, unknown> {
  const { config } = image;
  const layers = config.rootfs.diff_ids;
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    Comment: config.history?.at(-1)?.comment ?? "",
    Created: config.created ?? noTime,
    Author: config.author ?? "",
    Config: dockerConfig(config.config ?? {}),
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os,
    ...(config["os.version"] ? { OsVersion: config["os.version"] } : {}),
    Size: image.size,
    ...(image.graphDriver === undefined ? {} : { GraphDriver: image.graphDriver }),
    RootFS: { Type: config.rootfs.type, ...(layers.length > 0 ? { Layers: layers } : {}) },
    Metadata: { LastTagTime: image.taggedAt ?? noTime },
    Descriptor: image.manifest,
  };
}

/** The fields of Docker's container.Config that an image has; the same ones are there when they are empty. */
function dockerConfig(config: ImageExecutionConfig): Record<string, unknown> {
  return {
    User: config.User ?? "",
    ...(config.ExposedPorts ? { ExposedPorts: config.ExposedPorts } : {}),
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    ...(config.Healthcheck ? { Healthcheck: config.Healthcheck } : {}),
    ...(config.ArgsEscaped ? { ArgsEscaped: true } : {}),
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? "",
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? null,
    ...(config.StopSignal ? { StopSignal: config.StopSignal } : {}),
    ...(config.Shell ? { Shell: config.Shell } : {}),
  };
}
