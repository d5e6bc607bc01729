import { BerthError } from "../base/errors.ts";
import type { CopySource } from "../image/copy-image.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { formatReference, parseReference, withDefaultTag } from "../oci/reference.ts";
import type { RawDocument } from "../oci/transport.ts";
import type { Descriptor, Platform, Reference } from "../oci/types.ts";
import { isImageManifest, parseManifestOrIndex } from "../oci/validate.ts";
import type { ListedManifest } from "../store/manifest-lists.ts";
import type { EngineContext } from "./context.ts";
import { configuredPlatform, indexOf, localMembers } from "./manifest-lists.ts";
import { type OpenedSource, openSource } from "./open-source.ts";
import { placeOf } from "./place.ts";
import { tryCandidates } from "./registries.ts";
import { openRegistries, type RegistryChoice } from "./registry-access.ts";

const mostMembers = 1000;

type Talk = RegistryChoice & { readonly signal?: AbortSignal };

/** The local list of a name, else the manifest or index at its registry, or a place (`oci:PATH`); nothing is brought here. */
export async function inspectManifest(
  context: EngineContext,
  text: string,
  options: Talk = {},
): Promise<RawDocument> {
  const members = membersOf(context, text);
  if (members.length > 0) return indexOf(members);
  await using source = await open(context, text, options);
  return source.root;
}

/** A manifest with what is known of it, in Docker's fields (docker/cli manifest/types ImageManifest). */
export interface DescribedManifest {
  /** Canonical; for a member of an index with its digest as well. */
  readonly Ref: string;
  readonly Descriptor: Descriptor;
  /** The bytes of the manifest, in base64. */
  readonly Raw: string;
  readonly SchemaV2Manifest?: unknown;
  readonly OCIManifest?: unknown;
}

/** The same in detail: each manifest that a list or index names, or the one that it is, with its platform. */
export async function describeManifests(
  context: EngineContext,
  text: string,
  options: Talk = {},
): Promise<DescribedManifest | readonly DescribedManifest[]> {
  const { signal } = options;
  const members = membersOf(context, text);
  if (members.length > 0) {
    const registry = openRegistries(context, options);
    return Promise.all(
      members.map(async ({ name, descriptor }) => {
        const document = await registry.fetchManifest(parseReference(name), descriptor, signal);
        return described(name, document, descriptor.platform);
      }),
    );
  }
  await using source = await open(context, text, options);
  const { root, repository } = source;
  const name = source.name ?? (repository.digest === undefined ? text : formatReference(repository));
  const parsed = parseManifestOrIndex(root.bytes, root.descriptor.mediaType);
  if (parsed.kind === "manifest") {
    const { manifest } = parsed;
    const isImage = isImageManifest(manifest); // an artifact has no platform
    return described(name, root, isImage ? await configuredPlatform(source, manifest, signal) : undefined);
  }
  const { manifests } = parsed.index;
  if (manifests.length > mostMembers)
    throw new BerthError(
      "unsupported",
      `${text} names ${manifests.length} manifests, more than the ${mostMembers} that can be described`,
    );
  const all: DescribedManifest[] = [];
  // One after another: how many there are is a stranger's word.
  for (const descriptor of manifests) {
    const document = await memberOf(source, descriptor, signal);
    all.push(described(`${name.split("@")[0]}@${descriptor.digest}`, document, descriptor.platform));
  }
  return all;
}

/** A name may be that of a local list, which has members. */
function membersOf(context: EngineContext, text: string): readonly ListedManifest[] {
  return placeOf(text) === undefined ? localMembers(context, text) : [];
}

/** Opens a place, or what a name stands for at its registry. */
async function open(context: EngineContext, text: string, options: Talk): Promise<OpenedSource> {
  const place = placeOf(text);
  if (place !== undefined) return openSource(context, place, options);
  const ask = (candidate: Reference) =>
    openSource(context, { kind: "registry", reference: withDefaultTag(candidate) }, options);
  return tryCandidates(context, text, ask, options.signal);
}

async function memberOf(
  { source, repository }: CopySource,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<RawDocument> {
  const document = await source.fetchManifest(repository, descriptor, signal);
  if (parseManifestOrIndex(document.bytes, descriptor.mediaType).kind === "manifest") return document;
  throw new BerthError("unsupported", `${descriptor.digest} is an index within an index`, {
    hint: "inspect it by its digest",
  });
}

function described(Ref: string, { descriptor, bytes }: RawDocument, platform?: Platform): DescribedManifest {
  const { mediaType, digest, size } = descriptor;
  const kind = mediaType === mediaTypes.dockerManifest ? "SchemaV2Manifest" : "OCIManifest";
  return {
    Ref,
    Descriptor: { mediaType, digest, size, ...(platform === undefined ? {} : { platform }) },
    Raw: Buffer.from(bytes).toString("base64"),
    [kind]: JSON.parse(new TextDecoder().decode(bytes)),
  };
}
