import type { RawDocument } from "../oci/transport.ts";
import type { Descriptor } from "../oci/types.ts";
import { type ForeseenImage, foreseeImage, imageThere } from "./image-there.ts";
import type { ImportRequest, ImportResult } from "./import-request.ts";

/**
 * Brings one image from any source into the store: resolve, choose the platform, configuration, layers, and in the end
 * one transaction that makes it visible. Small documents are checked before anything large is fetched. What was fetched
 * stays after a failure, so that the next try continues. What only fetching needs is loaded for that.
 */
export async function importImage(request: ImportRequest): Promise<ImportResult> {
  const { origin, signal } = request;
  let root: RawDocument | Descriptor;
  if (origin.kind === "descriptor") root = origin.descriptor;
  else {
    const { reference, resolver } = origin;
    let foreseen: ForeseenImage | undefined;
    const answer = resolver.resolve(reference, signal, (digest) =>
      foreseen?.digest === digest ? foreseen.mediaType : undefined,
    );
    answer.catch(() => {}); // it is awaited below
    foreseen = await foreseeImage(request, reference);
    root = await answer;
    if (foreseen?.digest === root.descriptor.digest) {
      const { version, selected, digest } = foreseen;
      // It may have been removed since, or have lost its name.
      const isStill = request.store.version() === version;
      const image = isStill ? foreseen.image : imageThere(request, reference, selected, digest);
      if (image !== undefined) return { image, digest, upToDate: true };
    }
  }
  return (await import("./fetch-image.ts")).fetchImage(request, root);
}
