import { BerthError, isBerthError } from "../base/errors.ts";
import { formatPlatform, parsePlatform, platformMatches } from "../oci/platform.ts";
import { familiarString, parseReference, withDefaultTag } from "../oci/reference.ts";
import type { ProgressListener } from "../oci/transport.ts";
import type { Reference } from "../oci/types.ts";
import type { ImageRecord } from "../store/types.ts";
import type { EngineContext } from "./context.ts";
import { findImage } from "./find-image.ts";
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

/** The image to run, by `--pull`: from the store, or from its registry. */
export async function obtainImage(
  context: EngineContext,
  options: Pick<RunOptions, "image" | "pull" | "platform">,
  talk: PullTalk,
): Promise<ImageRecord> {
  if (options.pull !== "always") {
    try {
      return findLocalImage(context, options);
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

function findLocalImage(
  context: EngineContext,
  options: Pick<RunOptions, "image" | "platform">,
): ImageRecord {
  const image = findImage(context.readingStore, options.image);
  if (options.platform === undefined) return image;
  const wanted = parsePlatform(options.platform);
  if (platformMatches(image.config, wanted)) return image;
  throw new BerthError(
    "not-found",
    `image with reference ${options.image} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
  );
}
