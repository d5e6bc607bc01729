import { isBerthError, messageOf } from "../../base/errors.ts";
import { copiedBytes } from "../../image/copy-image.ts";
import { importLayers } from "../../image/import-layers.ts";
import { selectManifest } from "../../image/select-manifest.ts";
import { hostPlatform, parsePlatform } from "../../oci/platform.ts";
import { checkLayers, parseImageConfig } from "../../oci/validate.ts";
import type { CachedStep } from "../../store/build-cache-table.ts";
import type { Lease } from "../../store/locks.ts";
import type { EngineContext } from "../context.ts";
import { findImage } from "../find-image.ts";
import { openSource, type OpenedSource } from "../open-source.ts";
import type { Place } from "../place.ts";
import { resolveName } from "../registries.ts";
import type { BuildTools } from "./build-environment.ts";
import type { BuildOptions } from "./build-options.ts";
import { readInlineCache } from "./inline-cache.ts";
import type { BuildProgress, Vertex } from "./progress.ts";
import type { CacheSources } from "./step-cache.ts";

interface ImageSteps {
  readonly source: OpenedSource;
  readonly steps: ReadonlyMap<string, CachedStep>;
}

/** The steps that images know, from their configurations, here or at their registries. One that cannot be read is told, and done without. */
export async function openCacheSources(
  { context, tools, stack, signal }: BuildTools,
  { cacheFrom, platform }: BuildOptions,
  { progress, lease }: { readonly progress: BuildProgress; readonly lease: Lease },
): Promise<CacheSources> {
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform);
  const open = async (name: string): Promise<ImageSteps | undefined> => {
    const vertex = progress.begin(`importing cache manifest from ${name}`);
    try {
      const source = stack.use(await openSource(context, placeOfImage(context, name), { signal }));
      const { manifest } = await selectManifest(source.root, wanted, (descriptor) =>
        source.source.fetchManifest(source.repository, descriptor, signal),
      );
      const bytes = await copiedBytes(source, manifest.config, signal);
      const config = parseImageConfig(bytes);
      checkLayers(manifest, config);
      const steps = readInlineCache(JSON.parse(new TextDecoder().decode(bytes)), config, manifest.layers);
      tellUseless(vertex, steps.size);
      vertex.done();
      return { source, steps };
    } catch (error) {
      signal.throwIfAborted();
      vertex.failed(messageOf(error));
      return undefined;
    }
  };
  const images = (await Promise.all(cacheFrom.map(open))).filter((image) => image !== undefined);
  return {
    async find(key) {
      const image = images.find(({ steps }) => steps.has(key));
      const step = image?.steps.get(key);
      if (image === undefined || step?.layer === undefined) return step;
      const { source, repository } = image.source;
      await importLayers(repository, [step.layer], lease, { ...tools, source }, signal);
      return step;
    },
  };
}

function tellUseless(vertex: Vertex, steps: number): void {
  if (steps === 0)
    vertex.part("no cache in this image: it has to be built with --cache-to type=inline", { isOver: true });
}

/** An image is taken from the store when it is there. */
function placeOfImage(context: EngineContext, name: string): Place {
  try {
    findImage(context.store, name);
    return { kind: "store", name };
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
    return { kind: "registry", reference: resolveName(context, name).candidates[0]! };
  }
}
