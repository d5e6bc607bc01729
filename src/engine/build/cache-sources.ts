import { isBerthError, messageOf } from "../../base/errors.ts";
import { copiedBytes } from "../../image/copy-image.ts";
import { importLayers } from "../../image/import-layers.ts";
import { selectManifest } from "../../image/select-manifest.ts";
import { hostPlatform, parsePlatform } from "../../oci/platform.ts";
import { namesRegistry } from "../../oci/reference.ts";
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
  readonly name: string;
  readonly source: OpenedSource;
  readonly steps: ReadonlyMap<string, CachedStep>;
}

/**
 * The steps that images know, from their configurations, here or at their registries. One that cannot be read is told, and
 * done without, and so is a layer that cannot be had.
 */
export async function openCacheSources(
  { context, tools, stack, signal }: BuildTools,
  { cacheFrom, platform }: BuildOptions,
  { progress, lease }: { readonly progress: BuildProgress; readonly lease: Lease },
): Promise<CacheSources> {
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform);
  const read = async (place: Place): Promise<Omit<ImageSteps, "name">> => {
    const source = stack.use(await openSource(context, place, { signal }));
    const { manifest } = await selectManifest(source.root, wanted, (descriptor) =>
      source.source.fetchManifest(source.repository, descriptor, signal),
    );
    const bytes = await copiedBytes(source, manifest.config, signal);
    const config = parseImageConfig(bytes);
    checkLayers(manifest, config);
    const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return { source, steps: readInlineCache(document, config, manifest.layers) };
  };
  /** The image at the first of its places that has it. */
  const open = async (name: string): Promise<ImageSteps | undefined> => {
    let title = `importing cache manifest from ${name}`;
    for (const place of placesOf(context, name)) {
      const vertex = progress.begin(title);
      try {
        const image = await read(place);
        tellUseless(vertex, image.steps.size);
        vertex.done();
        return { name, ...image };
      } catch (error) {
        signal.throwIfAborted();
        vertex.failed(messageOf(error));
        title = `importing cache manifest from ${name} as it is here`;
      }
    }
    return undefined;
  };
  const images = (await Promise.all(cacheFrom.map(open))).filter((image) => image !== undefined);
  return {
    async find(key, below) {
      const image = images.find(({ steps }) => steps.has(key));
      const step = image?.steps.get(key);
      if (image === undefined || step?.layer === undefined) return step;
      const { source, repository } = image.source;
      try {
        await importLayers(repository, [...below, step.layer], lease, { ...tools, source }, signal);
        return step;
      } catch (error) {
        signal.throwIfAborted();
        const { digest } = step.layer.descriptor;
        progress.begin(`importing cached layer ${digest} from ${image.name}`).failed(messageOf(error));
        return undefined;
      }
    },
  };
}

function tellUseless(vertex: Vertex, steps: number): void {
  if (steps === 0)
    vertex.part("no cache in this image: it has to be built with --cache-to type=inline", { isOver: true });
}

/**
 * Where an image may be, in the order in which that is tried. What the store has under the name of a registry may be older
 * than what is there; any other name is the store's before it is a registry's.
 */
function placesOf(context: EngineContext, name: string): Place[] {
  const stored: Place[] = isStored(context, name) ? [{ kind: "store", name }] : [];
  if (stored.length > 0 && !namesRegistry(name)) return stored;
  return [{ kind: "registry", reference: resolveName(context, name).candidates[0] }, ...stored];
}

function isStored({ store }: EngineContext, name: string): boolean {
  try {
    findImage(store, name);
    return true;
  } catch (error) {
    if (isBerthError(error, "not-found")) return false;
    throw error;
  }
}
