import { BerthError } from "../base/errors.ts";
import { shortDigest } from "../oci/digest.ts";
import { parsePlatform } from "../oci/platform.ts";
import { familiarName, familiarString, formatReference, parseDockerReference } from "../oci/reference.ts";
import type { ProgressListener } from "../oci/transport.ts";
import type { Digest, Reference } from "../oci/types.ts";
import { openRegistry } from "../registry/registry.ts";
import { ensureBuiltinImage } from "./builtin-image.ts";
import type { EngineContext } from "./context.ts";
import { emitImageEvent } from "./image-event.ts";
import { importIntoStore, sweepStore } from "./import-into-store.ts";
import { registryOptions } from "./registry-access.ts";
import { isBuiltinReference, refuseReservedName } from "./reserved-names.ts";

export interface PullOptions {
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

/** Brings an image from its registry into the store. The built-in image is there without one. */
export async function pull(context: EngineContext, options: PullOptions): Promise<PullResult> {
  const reference = parseDockerReference(options.reference);
  const { onStart, onProgress, signal } = options;
  if (isBuiltinReference(reference)) {
    const image = await ensureBuiltinImage(context);
    onStart?.(reference);
    return { reference, imageId: image.id, digest: image.manifest.digest, upToDate: true };
  }
  refuseReservedName(reference);
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  if (!context.store.isWritable()) {
    throw new BerthError("read-only", `cannot pull: ${context.directories.data} cannot be written`, {
      hint: "BERTH_ROOT can name a directory that you can write to",
    });
  }
  await sweepStore(context);
  const registry = openRegistry({
    ...registryOptions(context),
    onRetry(digest, seconds) {
      const status = `Retrying in ${seconds} second${seconds === 1 ? "" : "s"}` as const;
      onProgress?.({ kind: "status", id: shortDigest(digest), digest, status });
    },
  });
  const resolver: Pick<typeof registry, "resolve"> = {
    async resolve(asked, abort) {
      const document = await registry.resolve(asked, abort);
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
    name: familiarName(reference),
    actor: familiarString(reference),
  });
  return { reference, imageId: image.id, digest, upToDate };
}
