import { OciLayoutWriter } from "../archive/write-oci-layout.ts";
import { type ImageArchiveFormat, writeImageArchive } from "../archive/write-image-archive.ts";
import { BerthError } from "../base/errors.ts";
import { compressLayers } from "../image/compress-layers.ts";
import { blobsOf, copyImage, documentsOf, sourceBytes } from "../image/copy-image.ts";
import { hostPlatform, parsePlatform } from "../oci/platform.ts";
import {
  familiarString,
  formatReference,
  parseReference,
  trimReference,
  withDefaultTag,
} from "../oci/reference.ts";
import type { ProgressListener } from "../oci/transport.ts";
import type { Descriptor, Digest, Platform, Reference } from "../oci/types.ts";
import type { EngineContext } from "./context.ts";
import { findImage, storedName } from "./find-image.ts";
import { importIntoStore } from "./import-into-store.ts";
import { type OpenedSource, openSource } from "./open-source.ts";
import { parsePlace, type Place } from "./place.ts";
import { openRegistries } from "./registry-access.ts";
import { refuseReservedName } from "./reserved-names.ts";

export interface CopyOptions {
  /** As typed: `docker://…`, `oci:…`, `oci-archive:…`, `docker-archive:…`, or a name in the store. */
  readonly from: string;
  readonly to: string;
  /** Everything that an index names, and the index itself. */
  readonly all: boolean;
  /** `os/architecture[/variant]` */
  readonly platform?: string;
  readonly sourceTlsVerify?: boolean;
  readonly targetTlsVerify?: boolean;
  /** Writes the bytes of an archive to a file that is there when they are all written. */
  readonly writeFile: (path: string, bytes: AsyncIterable<Uint8Array>) => Promise<void>;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/**
 * Copies an image from one place to another; manifests, configurations and layers stay byte for byte what they are (but
 * from the store to a registry as with `push`, which compresses what was made here), and go
 * through the store only where that is one of the places. Answers the digest that the copy has there.
 */
export async function copyBetween(context: EngineContext, options: CopyOptions): Promise<Digest> {
  const [from, to] = [parsePlace(options.from), parsePlace(options.to)];
  const wanted = options.platform === undefined ? undefined : parsePlatform(options.platform);
  if (options.all && (wanted !== undefined || to.kind === "store" || to.kind === "docker-archive")) {
    throw new BerthError(
      "usage",
      `--all cannot be used ${wanted === undefined ? `with ${options.to}` : "with --platform"}`,
    );
  }
  const { onProgress, signal } = options;
  const talk = { ...(onProgress ? { onProgress } : {}), ...(signal ? { signal } : {}) };
  const { store } = context;
  if (from.kind === "store" && to.kind === "registry" && store.isWritable())
    await compressLayers(store, findImage(store, await storedName(context, store, from.name)), signal);
  await using source = await openSource(context, from, {
    ...talk,
    ...(wanted === undefined ? {} : { platform: wanted }),
    ...(options.sourceTlsVerify === undefined ? {} : { tlsVerify: options.sourceTlsVerify }),
  });
  const platform = options.all ? "all" : (wanted ?? hostPlatform());
  if (to.kind === "store") return await intoStore(context, from, source, to.name, wanted, talk);
  if (to.kind === "oci-archive" || to.kind === "docker-archive")
    return (await intoArchive(source, { ...to, kind: to.kind }, platform, options)).digest;
  const documents = await documentsOf(source, platform, signal);
  const isRegistry = to.kind === "registry";
  const root = await copyImage({
    ...source,
    ...talk,
    documents,
    ...(isRegistry
      ? {
          target: openRegistries(
            context,
            options.targetTlsVerify === undefined ? {} : { tlsVerify: options.targetTlsVerify },
            onProgress,
          ),
          reference: pushable(to.reference, documents.at(-1)!.document.descriptor),
          ...mountSource(from, to.reference),
        }
      : {
          target: new OciLayoutWriter(to.path),
          reference: { domain: "localhost", path: "unnamed", ...(to.reference ? { tag: to.reference } : {}) },
        }),
  });
  return root.digest;
}

/** A copy goes under its tag; a digest has to be its own. */
function pushable(reference: Reference, { digest }: Descriptor): Reference {
  refuseReservedName(reference);
  const { digest: named, ...byTag } = reference;
  if (named !== undefined && named !== digest)
    throw new BerthError(
      "digest-mismatch",
      `${familiarString(reference)}: the image has the digest ${digest}`,
    );
  return byTag.tag === undefined ? reference : byTag;
}

/** Within one registry blobs need not travel. */
function mountSource(from: Place, target: Reference): { mountFrom?: string } {
  if (from.kind !== "registry" || from.reference.domain !== target.domain) return {};
  return from.reference.path === target.path ? {} : { mountFrom: from.reference.path };
}

type Talk = Pick<CopyOptions, "onProgress" | "signal">;

async function intoStore(
  context: EngineContext,
  from: Place,
  { source, repository, root }: OpenedSource,
  target: string,
  platform: Platform | undefined,
  talk: Talk,
): Promise<Digest> {
  const reference = withDefaultTag(parseReference(target));
  if (reference.digest !== undefined)
    throw new BerthError("invalid-reference", `${target}: an image gets a tag, its digest is what it is`);
  refuseReservedName(reference);
  const { image } = await importIntoStore(context, {
    origin: { kind: "reference", reference: repository, resolver: { resolve: async () => root } },
    source,
    names: [formatReference(reference)],
    // What was read at a registry under this very repository is what the registry has there.
    rememberDigest: from.kind === "registry" && isSameRepository(from.reference, reference),
    ...(platform === undefined ? {} : { platform }),
    ...talk,
  });
  return image.manifest.digest;
}

function isSameRepository(a: Reference, b: Reference): boolean {
  return a.domain === b.domain && a.path === b.path;
}

async function intoArchive(
  source: OpenedSource,
  { path, reference, kind }: { path: string; reference?: string; kind: ImageArchiveFormat },
  platform: Platform | "all",
  { writeFile, signal }: CopyOptions,
): Promise<Descriptor> {
  const documents = await documentsOf(source, platform, signal);
  const { document, manifest } = documents.at(-1)!;
  if (manifest === undefined || documents.length > 1)
    throw new BerthError("unsupported", "an archive takes the image of one platform; oci: takes all of them");
  const names = reference === undefined ? [] : [withDefaultTag(parseReference(reference))];
  const blobs = new Map(blobsOf(documents).map((blob) => [blob.digest, blob]));
  const bytes = writeImageArchive({
    format: kind,
    images: [
      {
        root: document.descriptor,
        manifest,
        names: names.map((name) => ({ ...trimReference(name), tag: name.tag ?? "latest" })),
      },
    ],
    open(digest) {
      const blob = blobs.get(digest);
      return blob === undefined ? one(document.bytes) : sourceBytes(source, blob, signal)(0);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  await writeFile(path, bytes);
  return document.descriptor;
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
