import { BerthError, isBerthError } from "../base/errors.ts";
import { formatPlatform, parsePlatform, platformMatches } from "../oci/platform.ts";
import {
  familiarString,
  formatReference,
  parseAnyReference,
  parseReference,
  withDefaultTag,
} from "../oci/reference.ts";
import type { ProgressListener } from "../oci/transport.ts";
import type { Platform, Reference } from "../oci/types.ts";
import type { ImageRecord } from "../store/types.ts";
import { ensureBuiltinImage, isBuiltinReference } from "./builtin-image.ts";
import type { EngineContext } from "./context.ts";
import { findImage, storedName } from "./find-image.ts";
import type { Place } from "./place.ts";
import type { PullResult } from "./pull.ts";
import type { RunOptions } from "./run-options.ts";

export interface PullTalk {
  /** The image is not here and will be pulled. */
  onMissingImage?(familiar: string): void;
  onPullStart?(reference: Reference): void;
  /** The pull is complete. */
  onPulled?(result: PullResult): void;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** What a name that is a place begins with (place.ts, which most runs do not load). */
const places = ["docker:", "oci:", "oci-archive:", "docker-archive:"];

type Wanted = Pick<RunOptions, "image" | "pull" | "platform">;

/** The image to run, by `--pull`: from the store, from its registry, or from the place that its name is (`oci:PATH`). */
export async function obtainImage(
  context: EngineContext,
  options: Wanted,
  talk: PullTalk,
): Promise<ImageRecord> {
  if (places.some((place) => options.image.startsWith(place))) {
    const place = (await import("./place.ts")).placeOf(options.image);
    if (place?.kind === "registry")
      return obtainImage(context, { ...options, image: formatReference(place.reference) }, talk);
    if (place !== undefined) return importFrom(context, place, options, talk);
  }
  const wanted = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const builtin = parseAnyReference(options.image);
  if (builtin.kind !== "digest" && isBuiltinReference(withDefaultTag(builtin.reference))) {
    return requirePlatform(await ensureBuiltinImage(context), options.image, wanted);
  }
  if (options.pull !== "always") {
    const { store } = context;
    const find = (name: string) => requirePlatform(findImage(store, name), options.image, wanted);
    try {
      return find(options.image);
    } catch (error) {
      if (!isBerthError(error, "not-found")) throw error;
    }
    try {
      return find(await storedName(context, store, options.image));
    } catch (error) {
      if (options.pull === "never" || !isBerthError(error, "not-found")) throw error;
    }
    talk.onMissingImage?.(familiarString(withDefaultTag(parseReference(options.image))));
  }
  const { pull } = await import("./pull.ts");
  const pulled = await pull(context, {
    reference: options.image,
    ...(options.platform === undefined ? {} : { platform: options.platform }),
    ...(talk.onPullStart === undefined ? {} : { onStart: talk.onPullStart }),
    ...(talk.onProgress === undefined ? {} : { onProgress: talk.onProgress }),
    ...(talk.signal === undefined ? {} : { signal: talk.signal }),
  });
  talk.onPulled?.(pulled);
  return context.store.images.require(pulled.imageId);
}

/** Brings an image from files into the store, without a name. */
async function importFrom(
  context: EngineContext,
  place: Place,
  { platform }: Wanted,
  { onProgress, signal }: PullTalk,
): Promise<ImageRecord> {
  const [{ openSource }, { importIntoStore }] = await Promise.all([
    import("./open-source.ts"),
    import("./import-into-store.ts"),
  ]);
  const talk = {
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
  await using opened = await openSource(context, place, talk);
  const { source, repository, root } = opened;
  const { image } = await importIntoStore(context, {
    origin: { kind: "reference", reference: repository, resolver: { resolve: async () => root } },
    source,
    names: [],
    rememberDigest: false,
    ...talk,
  });
  return image;
}

function requirePlatform(image: ImageRecord, reference: string, wanted: Platform | undefined): ImageRecord {
  if (wanted === undefined || platformMatches(image.config, wanted)) return image;
  throw new BerthError(
    "not-found",
    `image with reference ${reference} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
  );
}
