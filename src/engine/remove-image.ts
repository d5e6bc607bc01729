import { BerthError } from "../base/errors.ts";
import { shortDigest } from "../oci/digest.ts";
import { familiarString, formatReference, parseReference, repositoryName } from "../oci/reference.ts";
import type { Digest, Reference } from "../oci/types.ts";
import type { Store } from "../store/store.ts";
import type { ContainerRecord, ImageRecord } from "../store/types.ts";
import type { EngineContext } from "./context.ts";
import { lookUpImage, storedName } from "./find-image.ts";
import { emitImageEvent } from "./image-event.ts";
import { currentContainers } from "./reconcile-containers.ts";

export interface RemoveImageOptions {
  /** Also while stopped containers use it, and when it has several names. */
  readonly force: boolean;
  /** Leave blobs and layers that nobody needs any more to the next removal. */
  readonly noPrune: boolean;
}

/** One step of a removal; `untagged` is familiar, `deleted` an image id. */
export type RemovalStep = { readonly untagged: string } | { readonly deleted: string };

/**
 * Removes a name, and the image with its last name (moby daemon/images/image_delete.go has the rules). Blobs and layers
 * that nobody uses any more are deleted; containers keep their layers. Throws `not-found` and `conflict`.
 */
export async function removeImage(
  context: EngineContext,
  text: string,
  options: RemoveImageOptions,
): Promise<readonly RemovalStep[]> {
  const { store } = context;
  store.useReserve();
  const reference = await storedName(context, store, text);
  await currentContainers(context); // what died unnoticed does not block
  const { id, steps } = store.transaction(() => {
    const { image } = lookUpImage(store, reference);
    return { id: image.id, steps: removeFromTables(store, reference, options.force) };
  });
  tellSteps(context, id, steps);
  if (!options.noPrune && steps.some((step) => "deleted" in step)) {
    await store.garbage.collect((path) => context.snapshotter.removeTree(path));
    store.keepReserve();
  }
  return steps;
}

function removeFromTables(store: Store, text: string, force: boolean): RemovalStep[] {
  const found = lookUpImage(store, text);
  const { image } = found;
  const users = store.containers.ofImage(image.id);
  const steps: RemovalStep[] = [];
  const before = referencesOf(store, image.id);
  if (found.by === "reference") {
    const user = users[0];
    if (!force && user !== undefined && isSingleReference(before)) {
      throw new BerthError(
        "conflict",
        `conflict: unable to remove repository reference "${text}" (must force) - container ${user.id.slice(0, 12)} ` +
          `is using its referenced image ${shortDigest(image.id)}`,
      );
    }
    untag(store, image.id, found.reference, steps);
    dropOrphanedDigests(store, image.id, found.reference, steps);
    if (referencesOf(store, image.id).length > 0) return steps;
    // The last name went, which is what was asked for: an image in use stays without a name.
    if (conflictOf(image, users, [], force) !== undefined && inUse(users, force)) return steps;
  } else {
    const single = isSingleReference(before);
    const conflict = conflictOf(image, users, single ? [] : before, force);
    if (conflict !== undefined) throw conflict;
  }
  deleteWithNames(store, image.id, steps);
  return steps;
}

/** Removes an image, with all its names, if no container was made from it, and unless it has a tag and `tagged` is false. */
export function removeUnusedImage(
  context: EngineContext,
  imageId: Digest,
  { tagged }: { readonly tagged: boolean },
): readonly RemovalStep[] {
  const { store } = context;
  const steps: RemovalStep[] = [];
  store.transaction(() => {
    const isUsed = store.containers.ofImage(imageId).length > 0;
    if (!isUsed && (tagged || store.names.of(imageId).length === 0)) deleteWithNames(store, imageId, steps);
  });
  tellSteps(context, imageId, steps);
  return steps;
}

function tellSteps(context: EngineContext, id: Digest, steps: readonly RemovalStep[]): void {
  for (const step of steps) {
    if ("untagged" in step) emitImageEvent(context, "untag", { id, name: step.untagged });
    else emitImageEvent(context, "delete", { id, name: id });
  }
}

function deleteWithNames(store: Store, imageId: Digest, steps: RemovalStep[]): void {
  for (const reference of referencesOf(store, imageId)) untag(store, imageId, reference, steps);
  store.images.delete(imageId);
  steps.push({ deleted: imageId });
}

/** Tags and digests of an image. */
function referencesOf(store: Store, imageId: Digest): Reference[] {
  return [
    ...store.names.of(imageId).map(parseReference),
    ...store.repositoryDigests
      .of(imageId)
      .map(({ repository, digest }) => parseReference(`${repository}@${digest}`)),
  ];
}

function untag(store: Store, imageId: Digest, reference: Reference, steps: RemovalStep[]): void {
  const { digest } = reference;
  if (digest === undefined) store.names.delete(formatReference(reference));
  else store.repositoryDigests.delete({ repository: repositoryName(reference), digest, imageId });
  steps.push({ untagged: familiarString(reference) });
}

/** With the last tag of a repository its digests go too. */
function dropOrphanedDigests(store: Store, imageId: Digest, removed: Reference, steps: RemovalStep[]): void {
  if (removed.digest !== undefined) return;
  const repository = repositoryName(removed);
  const siblings = referencesOf(store, imageId).filter((other) => repositoryName(other) === repository);
  if (siblings.some(({ digest }) => digest === undefined)) return;
  for (const sibling of siblings) untag(store, imageId, sibling, steps);
}

/** At most one tag, and everything in one repository. */
function isSingleReference(references: readonly Reference[]): boolean {
  if (references.length <= 1) return true;
  const tags = references.filter(({ digest }) => digest === undefined);
  return tags.length <= 1 && new Set(references.map(repositoryName)).size === 1;
}

function isRunning({ state }: ContainerRecord): boolean {
  return state.status === "running" || state.status === "paused" || state.status === "restarting";
}

function inUse(users: readonly ContainerRecord[], force: boolean): boolean {
  return users.some((user) => isRunning(user) || !force);
}

/** Why the image must stay, in Docker's words and order; `force` overrules all but running containers. */
function conflictOf(
  image: ImageRecord,
  users: readonly ContainerRecord[],
  references: readonly Reference[],
  force: boolean,
): BerthError | undefined {
  const unable = (how: "cannot" | "must", why: string) =>
    new BerthError(
      "conflict",
      `conflict: unable to delete ${shortDigest(image.id)} (${how} be forced) - ${why}`,
    );
  const running = users.find(isRunning);
  if (running !== undefined) {
    return unable("cannot", `image is being used by running container ${running.id.slice(0, 12)}`);
  }
  if (force) return undefined;
  if (references.length > 0) return unable("must", "image is referenced in multiple repositories");
  const stopped = users[0];
  return stopped && unable("must", `image is being used by stopped container ${stopped.id.slice(0, 12)}`);
}
