import { repositoryName } from "../oci/reference.ts";
import type { RawDocument } from "../oci/transport.ts";
import type { Descriptor, Digest, Manifest, Platform, Reference } from "../oci/types.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";
import { decodeText } from "../sys/text.ts";
import { checkPlatform } from "./check-platform.ts";
import type { SelectedManifest } from "./select-manifest.ts";

/** What is asked of an image of the store. */
export interface WantedImage {
  readonly store: Store;
  /** What the user asked for; undefined takes the host's and is lenient about images that have only one. */
  readonly platform?: Platform;
  /** Canonical names with a tag that the image gets. */
  readonly names: readonly string[];
  /** Whether the answer of the source is remembered as `repository@digest`. */
  readonly rememberDigest: boolean;
}

/** The image, if the store has it whole and knows it by all these names: then there is nothing to fetch and nothing to write. */
export function imageThere(
  { store, names, rememberDigest }: WantedImage,
  reference: Reference,
  selected: SelectedManifest,
  digest: Digest,
): ImageRecord | undefined {
  const image = store.images.get(selected.manifest.config.digest);
  if (image === undefined || !isWhole(store, image, selected)) return undefined;
  for (const name of names) if (!store.names.isOf(name, image)) return undefined;
  const entry = { repository: repositoryName(reference), digest };
  return rememberDigest && !store.repositoryDigests.isOf(entry, image) ? undefined : image;
}

/** Whether an image is the one that was selected, and the store has everything of it. */
function isWhole(
  { blobs, layers }: Store,
  image: ImageRecord,
  { document, manifest, path }: SelectedManifest,
): boolean {
  if (image.id !== manifest.config.digest || image.manifest.digest !== document.descriptor.digest)
    return false;
  for (const diffId of image.config.rootfs.diff_ids) if (!layers.has(diffId)) return false;
  const isThere = ({ digest, size }: Descriptor) => blobs.size(digest) === size;
  for (const blob of [manifest.config, ...manifest.layers]) if (!isThere(blob)) return false;
  for (const { descriptor } of path) if (!isThere(descriptor)) return false;
  return true;
}

export interface ForeseenImage {
  readonly image: ImageRecord;
  /** Of the store's records when the image was found (`Store.version`). */
  readonly version: string;
  readonly selected: SelectedManifest;
  /** What the source will answer with: an index, or the manifest. */
  readonly digest: Digest;
  readonly mediaType: string;
}

/**
 * The manifest that an import comes to if the source answers as it did last, and the store has that image whole. Found out
 * while the source makes its answer: everything is loaded, opened and parsed when that is there.
 */
export async function foreseeImage(
  request: WantedImage,
  reference: Reference,
): Promise<ForeseenImage | undefined> {
  const { store, names, platform } = request;
  const [name, ...others] = names;
  const read = ({ digest }: Pick<Descriptor, "digest">) => store.blobs.read(digest, maximumManifestSize);
  try {
    const version = store.version();
    const known = name === undefined ? undefined : store.images.getByName(name);
    const digest =
      reference.digest ?? (known && store.repositoryDigests.lookUp(repositoryName(reference), known));
    if (digest === undefined || !store.blobs.has(digest)) return undefined;
    const bytes = read({ digest });
    // Only the document itself tells of which type it is.
    const descriptor = { mediaType: "application/json", digest, size: bytes.length };
    const document = { descriptor, bytes };
    // It was checked when it came, and what is wrong with it now is found by the comparisons that follow.
    const manifest = JSON.parse(decodeText(bytes)) as Manifest;
    const selected =
      manifest.layers !== undefined
        ? { document, manifest, path: [document] }
        : await selectFrom(document, platform, async (inner) => ({ descriptor: inner, bytes: read(inner) }));
    // Where the one name has led to the digest, nothing else is to be asked for.
    const found = reference.digest === undefined && others.length === 0 ? known : undefined;
    const image =
      found !== undefined && isWhole(store, found, selected)
        ? found
        : imageThere(request, reference, selected, digest);
    if (image === undefined) return undefined;
    checkPlatform(image.config, platform, reference);
    const { mediaType } = selected.document === document ? image.manifest : descriptor;
    return { image, version, selected, digest, mediaType };
  } catch {
    return undefined; // whatever is wrong is found again, and told, when the answer is there
  }
}

async function selectFrom(
  index: RawDocument,
  platform: Platform | undefined,
  fetchDocument: (descriptor: Descriptor) => Promise<RawDocument>,
): Promise<SelectedManifest> {
  const [{ hostPlatform }, { selectManifest }] = await Promise.all([
    import("../oci/platform.ts"),
    import("./select-manifest.ts"),
  ]);
  return selectManifest(index, platform ?? hostPlatform(), fetchDocument);
}
