import { BerthError } from "../base/errors.ts";
import { type CopySource, copiedBytes, copyImage, documentsOf } from "../image/copy-image.ts";
import { sha256Of } from "../oci/digest.ts";
import { present } from "../oci/document.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { isKnownPlatform } from "../oci/platform.ts";
import {
  formatReference,
  parseReference,
  trimReference,
  withDefaultTag,
  withDigest,
} from "../oci/reference.ts";
import type { RawDocument } from "../oci/transport.ts";
import type { Descriptor, Index, Manifest, Platform, Reference } from "../oci/types.ts";
import { parseImageConfig, parseManifestOrIndex } from "../oci/validate.ts";
import type { Registry } from "../registry/registry.ts";
import type { ListedManifest } from "../store/manifest-lists.ts";
import type { EngineContext } from "./context.ts";
import { openRegistries, type RegistryChoice } from "./registry-access.ts";
import { refuseReservedName } from "./reserved-names.ts";

type Talk = RegistryChoice & { readonly signal?: AbortSignal };

function named(text: string): { readonly reference: Reference; readonly name: string } {
  const reference = withDefaultTag(parseReference(text));
  return { reference, name: formatReference(reference) };
}

/**
 * Makes a local list of manifests that are at registries, or with `amend` adds to it; a member that it has already stays as it is.
 * Answers the list's canonical name. Throws `conflict` for a list that is there, and what the registry throws.
 */
export async function createManifestList(
  context: EngineContext,
  list: string,
  images: readonly string[],
  { amend, signal, ...choice }: Talk & { readonly amend: boolean },
): Promise<string> {
  const { reference, name } = named(list);
  refuseReservedName(reference);
  const { manifestLists } = context.store;
  if (manifestLists.has(name) && !amend)
    throw new BerthError("conflict", "refusing to amend an existing manifest list with no --amend flag");
  const registry = openRegistries(context, choice);
  const present = new Set(manifestLists.members(name).map((member) => member.name));
  for (const image of images.map(named)) {
    if (present.has(image.name)) continue;
    const descriptor = await describe(registry, image.reference, signal);
    manifestLists.put(name, { name: image.name, descriptor });
  }
  return name;
}

/** The manifest at the registry, with the platform that its configuration names. */
async function describe(
  source: Registry,
  repository: Reference,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const root = await source.resolve(repository, signal);
  const { mediaType, digest, size } = root.descriptor;
  const parsed = parseManifestOrIndex(root.bytes, mediaType);
  if (parsed.kind === "index")
    throw new BerthError("invalid-argument", `${formatReference(repository)} is a manifest list`, {
      hint: "a list holds the manifests of single platforms",
    });
  const platform = await configuredPlatform({ source, repository, root }, parsed.manifest, signal);
  return { mediaType, digest, size, platform };
}

/** The platform that the configuration of a manifest names. */
export async function configuredPlatform(
  source: CopySource,
  { config }: Manifest,
  signal: AbortSignal | undefined,
): Promise<Platform> {
  const bytes = await copiedBytes(source, config, signal);
  const { os, architecture, variant, "os.version": version } = parseImageConfig(bytes);
  return present<Platform>({ os, architecture, variant, "os.version": version });
}

/** What to say about the platform of a member; what is not given stays, features are added. */
export interface ManifestAnnotation {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly osFeatures: readonly string[];
}

/** Throws `not-found`, `invalid-argument` for a platform that does not exist. */
export function annotateManifest(
  context: EngineContext,
  list: string,
  image: string,
  { os, architecture, variant, osVersion, osFeatures }: ManifestAnnotation,
): void {
  const { manifestLists } = context.store;
  const [{ name: listName }, { name }] = [named(list), named(image)];
  const member = manifestLists.members(listName).find((candidate) => candidate.name === name);
  if (member === undefined)
    throw new BerthError("not-found", `manifest for image ${image} does not exist in ${list}`);
  const before = member.descriptor.platform;
  const features = [...new Set([...(before?.["os.features"] ?? []), ...osFeatures])];
  const platform = present<Platform>({
    os: os ?? before?.os ?? "",
    architecture: architecture ?? before?.architecture ?? "",
    variant: variant ?? before?.variant,
    "os.version": osVersion ?? before?.["os.version"],
    "os.features": features.length === 0 ? undefined : features,
  });
  if (!isKnownPlatform(platform))
    throw new BerthError(
      "invalid-argument",
      `manifest entry for image has unsupported os/arch combination: ${platform.os}/${platform.architecture}`,
    );
  manifestLists.put(listName, { name, descriptor: { ...member.descriptor, platform } });
}

/** The members of a local list; none where there is no list of that name. */
export function localMembers(context: EngineContext, list: string): readonly ListedManifest[] {
  return context.readingStore.manifestLists.members(named(list).name);
}

/** The index that a list stands for. It is of the kind of its members, as registries that know only one of the kinds need it. */
export function indexOf(members: readonly ListedManifest[]): RawDocument {
  const manifests = members.map(({ descriptor }) => descriptor);
  const mediaType = manifests.some((manifest) => manifest.mediaType === mediaTypes.dockerManifest)
    ? mediaTypes.dockerManifestList
    : mediaTypes.ociIndex;
  const index: Index = { schemaVersion: 2, mediaType, manifests };
  const bytes = new TextEncoder().encode(JSON.stringify(index, null, 3));
  return { descriptor: { mediaType, digest: sha256Of(bytes), size: bytes.byteLength }, bytes };
}

export interface PushManifestListOptions extends Talk {
  /** Removes the local list when all is there. */
  readonly purge: boolean;
  /** Told of a member that came from another repository: its name in this one. */
  readonly onMember: (name: string, descriptor: Descriptor) => void;
}

/**
 * Brings members that are in other repositories of the registry to the list's own, and then the list. Answers its descriptor.
 * Throws `not-found`, `invalid-argument` for members of another registry or without a platform.
 */
export async function pushManifestList(
  context: EngineContext,
  list: string,
  { purge, onMember, signal, ...choice }: PushManifestListOptions,
): Promise<Descriptor> {
  const { reference, name } = named(list);
  const { manifestLists } = context.store;
  const members = manifestLists.members(name);
  if (members.length === 0) throw noSuchList(name);
  for (const member of members) refuseMember(member, reference);
  const target = openRegistries(context, choice);
  const talk = signal === undefined ? {} : { signal };
  for (const { name: member, descriptor } of members) {
    const repository = parseReference(member);
    if (repository.path === reference.path) continue;
    const root = await target.fetchManifest(repository, descriptor, signal);
    const source = { source: target, repository, root };
    const documents = await documentsOf(source, descriptor.platform!, signal);
    const pushed = withDigest(trimReference(reference), descriptor.digest);
    await copyImage({ ...source, ...talk, target, reference: pushed, documents, mountFrom: repository.path });
    onMember(formatReference(pushed), descriptor);
  }
  const index = indexOf(members);
  await target.pushManifest(reference, index, signal);
  if (purge) manifestLists.remove(name);
  return index.descriptor;
}

function refuseMember({ name, descriptor: { platform } }: ListedManifest, target: Reference): void {
  if (!platform?.os || !platform.architecture)
    throw new BerthError(
      "invalid-argument",
      `manifest ${name} must have an OS and Architecture to be pushed to a registry`,
    );
  const { domain } = parseReference(name);
  if (domain !== target.domain)
    throw new BerthError(
      "invalid-argument",
      `cannot use source images from a different registry than the target image: ${domain} != ${target.domain}`,
      { hint: "berth copy brings an image from one registry to another" },
    );
}

/** Throws `not-found`. */
export function removeManifestList(context: EngineContext, list: string): void {
  const { name } = named(list);
  const { manifestLists } = context.store;
  if (!manifestLists.has(name)) throw noSuchList(name);
  manifestLists.remove(name);
}

function noSuchList(name: string): BerthError {
  return new BerthError("not-found", `No such manifest: ${name}`);
}
