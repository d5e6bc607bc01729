import type { Resolver } from "../oci/transport.ts";
import type { Descriptor, Digest, Reference } from "../oci/types.ts";
import type { ImageRecord } from "../store/types.ts";
import type { WantedImage } from "./image-there.ts";
import type { ImportTools } from "./import-layers.ts";

/** What names the image at its source: a reference that the source resolves, or a descriptor that is known already. */
export type ImageOrigin =
  | { readonly kind: "reference"; readonly reference: Reference; readonly resolver: Resolver }
  | { readonly kind: "descriptor"; readonly descriptor: Descriptor; readonly repository: Reference };

export interface ImportRequest extends ImportTools, WantedImage {
  readonly origin: ImageOrigin;
  /** Told when the store has not got all of the image, before the rest is fetched. */
  onMissing?(): Promise<void>;
  readonly signal?: AbortSignal;
}

export interface ImportResult {
  readonly image: ImageRecord;
  /** Of the document that the source answered with: an index, or the manifest. */
  readonly digest: Digest;
  /** The names were on this image already, and the source said nothing new. */
  readonly upToDate: boolean;
}
