import { familiarName, familiarString, parseReference } from "../oci/reference.ts";
import type { Digest } from "../oci/types.ts";
import type { Store } from "../store/store.ts";

/** One tag of an image, as a person sees it. */
export interface FamiliarTag {
  /** `alpine:3.20` */
  readonly name: string;
  /** `alpine` */
  readonly repository: string;
  readonly tag: string;
}

/** One repository digest of an image, as a person sees it. */
export interface FamiliarDigest {
  /** `alpine@sha256:…` */
  readonly name: string;
  readonly repository: string;
  readonly digest: Digest;
}

export interface FamiliarNames {
  readonly tags: readonly FamiliarTag[];
  readonly digests: readonly FamiliarDigest[];
}

const none: FamiliarNames = { tags: [], digests: [] };

function familiarTag(canonical: string): FamiliarTag {
  const reference = parseReference(canonical);
  return {
    name: familiarString(reference),
    repository: familiarName(reference),
    tag: reference.tag ?? "latest",
  };
}

function familiarDigest(repository: string, digest: Digest): FamiliarDigest {
  const reference = parseReference(`${repository}@${digest}`);
  return { name: familiarString(reference), repository: familiarName(reference), digest };
}

/** What one image is called, by name. */
export function namesOf(store: Store, imageId: Digest): FamiliarNames {
  return {
    tags: store.names.of(imageId).map(familiarTag),
    digests: store.repositoryDigests
      .of(imageId)
      .map(({ repository, digest }) => familiarDigest(repository, digest)),
  };
}

/** What every image is called; an image without any name has empty lists. */
export function namesOfAll(store: Store): (imageId: Digest) => FamiliarNames {
  const all = new Map<Digest, { tags: FamiliarTag[]; digests: FamiliarDigest[] }>();
  const at = (imageId: Digest) => {
    const found = all.get(imageId) ?? { tags: [], digests: [] };
    all.set(imageId, found);
    return found;
  };
  for (const { name, imageId } of store.names.list()) at(imageId).tags.push(familiarTag(name));
  for (const { repository, digest, imageId } of store.repositoryDigests.list()) {
    at(imageId).digests.push(familiarDigest(repository, digest));
  }
  return (imageId) => all.get(imageId) ?? none;
}
