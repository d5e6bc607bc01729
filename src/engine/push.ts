import { BerthError } from "../base/errors.ts";
import { checkPlatform } from "../image/check-platform.ts";
import { compressLayers } from "../image/compress-layers.ts";
import { pushImage } from "../image/push-image.ts";
import { parsePlatform } from "../oci/platform.ts";
import {
  familiarName,
  familiarString,
  formatReference,
  parseReference,
  repositoryName,
  trimReference,
  withDefaultTag,
} from "../oci/reference.ts";
import type { ProgressListener } from "../oci/transport.ts";
import type { Digest, Reference } from "../oci/types.ts";
import type { Store } from "../store/store.ts";
import type { EngineContext } from "./context.ts";
import { emitImageEvent } from "./image-event.ts";
import { openRegistries, type RegistryChoice } from "./registry-access.ts";
import { refuseReservedName } from "./reserved-names.ts";

export interface PushOptions extends RegistryChoice {
  /** As typed: `app`, `host:5000/team/app:1`. */
  readonly reference: string;
  /** Every tag that the repository has here. */
  readonly allTags: boolean;
  /** `os/architecture[/variant]`: an image for another one is refused. */
  readonly platform?: string;
  /** Told before anything is looked for. */
  onStart?(repository: Reference): void;
  readonly onProgress?: ProgressListener;
  /** Told after each tag. */
  onPushed?(pushed: PushedTag): void;
  readonly signal?: AbortSignal;
}

export interface PushedTag {
  readonly reference: Reference;
  /** Of the manifest, as the registry has it now. */
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly size: number;
}

/**
 * Brings what the store has under a name to the registry of that name, byte for byte but for layers that were made here,
 * which are compressed first. Of an image that came from an index this is the manifest of its platform. Throws `not-found`,
 * `invalid-reference`, and what pushing throws.
 */
export async function push(context: EngineContext, options: PushOptions): Promise<readonly PushedTag[]> {
  const { onProgress, onStart, onPushed, signal } = options;
  const typed = parseReference(options.reference);
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  if (typed.digest !== undefined) throw new BerthError("invalid-reference", "cannot push a digest reference");
  if (options.allTags && typed.tag !== undefined)
    throw new BerthError("usage", "tag can't be used with --all-tags/-a");
  refuseReservedName(typed);
  onStart?.(trimReference(typed));
  const store = context.store.isWritable() ? context.store : context.readingStore;
  const references = tagsToPush(store, typed, options.allTags);
  const find = (reference: Reference) => {
    const found = store.images.getByName(formatReference(reference));
    if (found === undefined) throw noSuchTag(reference); // removed in the meantime
    checkPlatform(found.config, platform, reference);
    return found;
  };
  for (const reference of references) find(reference); // none is pushed where one cannot be
  const registry = openRegistries(context, options, onProgress);
  const pushed: PushedTag[] = [];
  for (const reference of references) {
    const found = find(reference);
    const image = store.mode === "read-write" ? await compressLayers(store, found, signal) : found;
    const manifest = await pushImage({
      store,
      image,
      reference,
      target: registry,
      mountSource: mountSources(store, reference),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
    const { digest, size } = manifest;
    const repository = repositoryName(reference);
    if (store.mode === "read-write")
      store.repositoryDigests.add({ repository, digest, imageId: image.id, manifest });
    emitImageEvent(context, "push", {
      id: image.id,
      name: familiarName(reference),
      actor: familiarString(reference),
    });
    pushed.push({ reference, digest, size });
    onPushed?.({ reference, digest, size });
  }
  return pushed;
}

function tagsToPush(store: Store, typed: Reference, allTags: boolean): readonly Reference[] {
  const repository = repositoryName(typed);
  const known = store.names
    .list()
    .map(({ name }) => parseReference(name))
    .filter((reference) => repositoryName(reference) === repository);
  if (known.length === 0) {
    throw new BerthError(
      "not-found",
      `An image does not exist locally with the tag: ${familiarName(typed)}`,
      { hint: `give an image this name with: berth tag IMAGE ${familiarName(typed)}` },
    );
  }
  if (allTags) return known;
  const wanted = withDefaultTag(typed);
  if (!known.some(({ tag }) => tag === wanted.tag)) throw noSuchTag(wanted);
  return [wanted];
}

function noSuchTag(reference: Reference): BerthError {
  return new BerthError("not-found", `tag does not exist: ${familiarString(reference)}`);
}

/** Repositories of the same registry that answered with an image which has the blob. */
function mountSources(store: Store, target: Reference): (digest: Digest) => string | undefined {
  const sources = new Map<Digest, string>();
  for (const { repository, imageId } of store.repositoryDigests.list()) {
    const { domain, path } = parseReference(repository);
    if (domain !== target.domain || path === target.path) continue;
    for (const digest of store.images.blobsOf(imageId)) sources.set(digest, path);
  }
  return (digest) => sources.get(digest);
}
