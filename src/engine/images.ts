import type { Digest } from "../oci/types.ts";
import type { ImageRecord } from "../store/types.ts";
import type { EngineContext } from "./context.ts";
import { withStoredNames } from "./find-image.ts";
import { creationTime, type ImageFilter, parseImageFilters } from "./image-filters.ts";
import { type FamiliarNames, namesOfAll } from "./image-names.ts";

/** One row of `images`: an image under one of its names, or a nameless one. */
export interface ImageSummary {
  readonly id: Digest;
  /** Familiar: without `docker.io/` and `library/`. */
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: Digest;
  /** ISO 8601 */
  readonly createdAt?: string;
  /** Bytes, unpacked. */
  readonly size: number;
  /** Bytes of layers that other images have too, and of those that none has; only where somebody asks for them. */
  readonly sharedSize?: number;
  readonly uniqueSize?: number;
  /** How many containers were made from it. */
  readonly containers: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ListImagesOptions {
  /** Intermediate images too, of which berth has none: every image is listed either way. */
  readonly all: boolean;
  /** `key=value` */
  readonly filters: readonly string[];
  /** `REPOSITORY[:TAG]`, a pattern of Go's path.Match. */
  readonly reference?: string;
}

/** The images, one row for each repository and tag, newest first. */
export async function listImages(
  context: EngineContext,
  options: ListImagesOptions,
): Promise<readonly ImageSummary[]> {
  const store = context.readingStore;
  const filters = await withStoredNames(context, options.filters, ["before", "since"]);
  const filter = parseImageFilters(store, filters, options.reference);
  const names = namesOfAll(store);
  const containers = store.containers.countByImage();
  return store.images
    .list()
    .filter((image) => filter.accepts(image, names(image.id)))
    .toSorted((a, b) => compare(creationTime(b), creationTime(a)) || (a.id < b.id ? -1 : 1))
    .flatMap((image) => rowsOf(image, names(image.id), containers.get(image.id) ?? 0, filter));
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1; // a difference of infinities is no number
}

function rowsOf(
  image: ImageRecord,
  names: FamiliarNames,
  containers: number,
  { lists }: ImageFilter,
): ImageSummary[] {
  const common = {
    id: image.id,
    ...(image.config.created === undefined ? {} : { createdAt: image.config.created }),
    size: image.size,
    containers,
    labels: image.config.config?.Labels ?? {},
  };
  const tagged = new Set(names.tags.map(({ repository }) => repository));
  const digestIn = (repository: string) => {
    const digests = names.digests.filter((entry) => entry.repository === repository);
    return (digests.find(({ digest }) => digest === image.manifest.digest) ?? digests[0])?.digest;
  };
  const rows = names.tags.filter(lists).map(({ repository, tag }): ImageSummary => {
    const digest = digestIn(repository);
    return { ...common, repository, tag, ...(digest === undefined ? {} : { digest }) };
  });
  for (const entry of names.digests.filter(lists)) {
    if (tagged.has(entry.repository)) continue;
    rows.push({ ...common, repository: entry.repository, digest: entry.digest });
  }
  return rows.length > 0 || names.tags.length + names.digests.length > 0 ? rows : [common];
}
