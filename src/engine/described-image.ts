import type { ImageRecord } from "../store/types.ts";

/** What is told of an image, wherever it is. */
export interface DescribedImage
  extends Pick<ImageRecord, "id" | "config" | "size" | "manifest" | "taggedAt"> {
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  /** Where its layers are, of an image in the store. */
  readonly graphDriver?: Record<string, unknown>;
}
