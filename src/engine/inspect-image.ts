import type { ImageExecutionConfig } from "../oci/types.ts";
import type { EngineContext } from "./context.ts";
import { findImage } from "./find-image.ts";
import { namesOf } from "./image-names.ts";

/** What Go prints for a time that was never set. */
const noTime = "0001-01-01T00:00:00Z";

/**
 * One image in the shape of Docker's image inspect (moby api/types/image/image_inspect.go), keys in its order.
 * Throws `not-found`.
 */
export async function inspectImage(
  context: EngineContext,
  reference: string,
): Promise<Record<string, unknown>> {
  const store = context.readingStore;
  const image = findImage(store, reference);
  const { config } = image;
  const names = namesOf(store, image.id);
  const layers = config.rootfs.diff_ids;
  const [top, ...lower] = layers.map((diffId) => store.layers.path(diffId)).toReversed();
  return {
    Id: image.id,
    RepoTags: names.tags.map(({ name }) => name),
    RepoDigests: names.digests.map(({ name }) => name),
    Comment: config.history?.at(-1)?.comment ?? "",
    Created: config.created ?? noTime,
    Author: config.author ?? "",
    Config: dockerConfig(config.config ?? {}),
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os,
    ...(config["os.version"] ? { OsVersion: config["os.version"] } : {}),
    Size: image.size,
    GraphDriver: {
      Data: {
        ...(lower.length > 0 ? { LowerDir: lower.join(":") } : {}),
        ...(top === undefined ? {} : { UpperDir: top }),
      },
      Name: context.env.BERTH_STORAGE_DRIVER || context.configuration.storageDriver || "overlay",
    },
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
