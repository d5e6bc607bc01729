import { BerthError, messageOf } from "../../base/errors.ts";
import { DockerfileError } from "../../build/dockerfile-error.ts";
import type { StageBase } from "../../build/plan/types.ts";
import { didYouMean } from "../../build/suggest.ts";
import { openStoredImage } from "../../image/stored-image.ts";
import type { StoredLayer } from "../../image/add-layer.ts";
import { formatReference, parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { Lease } from "../../store/locks.ts";
import type { ImageRecord } from "../../store/types.ts";
import type { EngineContext } from "../context.ts";
import { obtainImage } from "../obtain-image.ts";
import { asVertex, type BuildProgress } from "./progress.ts";
import { tellPull } from "./pull-parts.ts";

/** An image that a stage stands on or takes files from; held until the build ends. */
export interface BaseImage {
  readonly record: ImageRecord;
  readonly layers: readonly StoredLayer[];
  /** For people: `docker.io/library/alpine:latest`. */
  readonly name: string;
}

/** Gets images, each once, from the store or their registry. */
export class BaseImages {
  readonly #context: EngineContext;
  readonly #options: { readonly pull: boolean; readonly platform: string | undefined };
  readonly #progress: BuildProgress;
  readonly #lease: Lease;
  readonly #signal: AbortSignal;
  readonly #found = new Map<string, Promise<BaseImage>>();

  constructor(
    context: EngineContext,
    options: { readonly pull: boolean; readonly platform: string | undefined },
    progress: BuildProgress,
    lease: Lease,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#options = options;
    this.#progress = progress;
    this.#lease = lease;
    this.#signal = signal;
  }

  get({ reference, platform }: Extract<StageBase, { kind: "image" }>): Promise<BaseImage> {
    const wanted = platform ?? this.#options.platform;
    const key = JSON.stringify([reference, wanted]);
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = this.#obtain(reference, wanted);
    this.#found.set(key, found);
    return found;
  }

  async #obtain(reference: string, platform: string | undefined): Promise<BaseImage> {
    const name = canonicalName(reference);
    return asVertex(this.#progress, `[internal] load metadata for ${name}`, async (vertex) => {
      const record = await obtainImage(
        this.#context,
        {
          image: reference,
          pull: this.#options.pull ? "always" : "missing",
          ...(platform === undefined ? {} : { platform }),
        },
        { signal: this.#signal, onProgress: tellPull(vertex) },
      );
      return { record, name, layers: await this.#hold(record) };
    });
  }

  async #hold(record: ImageRecord): Promise<StoredLayer[]> {
    const { store } = this.#context;
    const { manifest } = await openStoredImage(store, record, this.#lease, this.#signal);
    const diffIds = record.config.rootfs.diff_ids;
    const layers: StoredLayer[] = [];
    for (const [index, diffId] of diffIds.entries()) {
      const descriptor = manifest.layers[index];
      if (descriptor === undefined || !(await store.layers.hold(diffId, this.#lease, this.#signal)))
        throw new BerthError("not-found", `layer ${diffId} of image ${record.id} is not in the store`, {
          hint: "pull or load the image again",
        });
      layers.push({ diffId, descriptor });
    }
    return layers;
  }
}

/** Images that many Dockerfiles stand on. */
const common = ["alpine", "busybox", "centos", "debian", "fedora", "golang", "ubuntu"];

/** Gets an image by a name that might be meant for one of `stages`: then a failure says so. */
export async function suggesting<T>(
  name: string,
  stages: readonly { readonly name?: string }[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const suggestion = didYouMean(name, [...stages.flatMap((stage) => stage.name ?? []), ...common]);
    if (!(error instanceof BerthError) || suggestion === "" || error.code === "interrupted") throw error;
    const { code, message, hint } = error;
    throw new BerthError(code, message + suggestion, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function canonicalName(reference: string): string {
  try {
    return formatReference(withDefaultTag(parseReference(reference)));
  } catch (cause) {
    if (/^[0-9a-f]{64}$/.test(reference)) return reference; // an id
    const message = `failed to parse stage name ${JSON.stringify(reference)}: ${messageOf(cause)}`;
    throw new DockerfileError(message, undefined, { cause });
  }
}
