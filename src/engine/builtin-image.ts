import { BerthError } from "../base/errors.ts";
import type { ImageRecord } from "../store/types.ts";
import { embeddedImageArchive } from "../sys/embedded.ts";
import type { EngineContext } from "./context.ts";

export { isBuiltinReference } from "./reserved-names.ts";

/**
 * The image that comes with berth, loaded into the store on first need and again after an update brought another one.
 * Throws `unsupported` when this berth was started from source without a build.
 */
export async function ensureBuiltinImage(context: EngineContext): Promise<ImageRecord> {
  const embedded = embeddedImageArchive();
  if (embedded === undefined) {
    throw new BerthError("unsupported", "this berth was not built with its built-in image", {
      hint: "build it with ./scripts/build",
    });
  }
  const present = context.store.images.getByName(embedded.reference);
  if (present?.manifest.digest === embedded.manifestDigest) return present;
  const { loadArchive } = await import("./load-archive.ts"); // only the first need pays for the archive code
  const bytes = embedded.read();
  const stream = (async function* () {
    yield bytes;
  })();
  await loadArchive(context, { stream, allowReserved: true });
  const loaded = context.store.images.getByName(embedded.reference);
  if (loaded === undefined)
    throw new BerthError("internal", `the built-in image is not ${embedded.reference}`);
  return loaded;
}
