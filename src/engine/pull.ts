import { BerthError, isBerthError } from "../base/errors.ts";
import {
  familiarName,
  familiarString,
  formatReference,
  parseDockerReference,
  parseReference,
  withTag,
} from "../oci/reference.ts";
import type { CheckedAs, ProgressListener, Resolver } from "../oci/transport.ts";
import type { Digest, Reference } from "../oci/types.ts";
import type { Registry } from "../registry/registry.ts";
import type { EngineContext } from "./context.ts";
import { tryCandidates } from "./registries.ts";
import { openRegistries, type RegistryChoice } from "./registry-access.ts";
import { isBuiltinReference, refuseReservedName } from "./reserved-names.ts";

export interface PullOptions extends RegistryChoice {
  /** As typed: `nginx`, `nginx:1`, `host:5000/x@sha256:…`. */
  readonly reference: string;
  /** `os/architecture[/variant]` */
  readonly platform?: string;
  /** Told when the registry has answered and the transfer begins. */
  onStart?(reference: Reference): void;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

export interface PullResult {
  /** With the default tag, or with the digest alone. */
  readonly reference: Reference;
  readonly imageId: Digest;
  /** Of the manifest or index that the registry answered with. */
  readonly digest: Digest;
  readonly upToDate: boolean;
}

/**
 * Brings an image from its registry into the store. The built-in image is there without one. A name without a registry may
 * stand for several, which are tried in turn.
 */
export async function pull(context: EngineContext, options: PullOptions): Promise<PullResult> {
  const registry = openRegistries(context, options, options.onProgress);
  return tryCandidates(
    context,
    options.reference,
    (candidate) => pullFrom(context, registry, parseDockerReference(formatReference(candidate)), options),
    options.signal,
  );
}

/**
 * Brings all images of a repository into the store, one tag after the other, and answers them as they come. What a tag names
 * may be no image (a signature, a chart): `onSkipped` is told why.
 */
export async function* pullAllTags(
  context: EngineContext,
  options: PullOptions & { onSkipped(tag: string, reason: BerthError): void },
): AsyncGenerator<PullResult, void, void> {
  const { signal } = options;
  const typed = parseReference(options.reference);
  if (typed.tag !== undefined || typed.digest !== undefined)
    throw new BerthError("usage", "tag can't be used with --all-tags/-a");
  refuseReservedName(typed);
  const registry = openRegistries(context, options, options.onProgress);
  const listTags = async (repository: Reference) => ({
    repository,
    tags: await registry.listTags(repository, signal),
  });
  const { repository, tags } = await tryCandidates(context, options.reference, listTags, signal);
  for (const tag of tags) {
    try {
      yield await pullFrom(context, registry, withTag(repository, tag), options);
    } catch (error) {
      if (!isBerthError(error, "unsupported")) throw error;
      options.onSkipped(tag, error);
    }
  }
}

async function pullFrom(
  context: EngineContext,
  registry: Registry,
  reference: Reference,
  options: PullOptions,
): Promise<PullResult> {
  const { onStart, onProgress, signal } = options;
  if (isBuiltinReference(reference)) {
    const image = await (await import("./builtin-image.ts")).ensureBuiltinImage(context);
    onStart?.(reference);
    return { reference, imageId: image.id, digest: image.manifest.digest, upToDate: true };
  }
  refuseReservedName(reference);
  const platform =
    options.platform === undefined
      ? undefined
      : (await import("../oci/platform.ts")).parsePlatform(options.platform);
  // What the answer is needed for is loaded and opened while the registry makes it.
  let checkedAs: CheckedAs | undefined;
  const answer = registry.resolve(reference, signal, (digest) => checkedAs?.(digest));
  answer.catch(() => {}); // it is awaited later
  const [{ importIntoStore }, { emitImageEvent }] = await Promise.all([
    import("./import-into-store.ts"),
    import("./image-event.ts"),
  ]);
  if (!context.store.isWritable()) {
    throw new BerthError("read-only", `cannot pull: ${context.directories.data} cannot be written`, {
      hint: "BERTH_ROOT can name a directory that you can write to",
    });
  }
  const resolver: Resolver = {
    async resolve(asked, _signal, known) {
      checkedAs = known;
      const document = await answer;
      onStart?.(asked);
      return document;
    },
  };
  const { image, digest, upToDate } = await importIntoStore(context, {
    origin: { kind: "reference", reference, resolver },
    source: registry,
    names: reference.digest === undefined ? [formatReference(reference)] : [],
    rememberDigest: true,
    ...(platform === undefined ? {} : { platform }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  });
  emitImageEvent(context, "pull", {
    id: image.id,
    config: image.config,
    name: familiarName(reference),
    actor: familiarString(reference),
  });
  return { reference, imageId: image.id, digest, upToDate };
}
