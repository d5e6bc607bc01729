import { isObject } from "../../oci/document.ts";
import type { Descriptor, Digest, ImageConfig } from "../../oci/types.ts";
import type { CachedStep } from "../../store/build-cache-table.ts";

/**
 * The field of an image's configuration that tells with which steps its layers were made (`--cache-to type=inline`). It is
 * berth's own: BuildKit's (`moby.buildkit.cache.v0`) names steps by digests of its internal graph.
 */
const field = "berth.build.cache.v1";

/** Keys of the steps that made entries of the history, by their position there. */
export type StepKeys = ReadonlyMap<number, readonly string[]>;

/** The configuration with what `--cache-from` needs of it. */
export function withInlineCache(config: ImageConfig, keys: StepKeys): ImageConfig {
  const steps = [...keys].map(([history, stepKeys]) => ({ history, keys: stepKeys }));
  return { ...config, [field]: steps } as ImageConfig;
}

/**
 * The steps that a configuration knows, by key. `document` is its JSON, `config` what was understood of it, `layers` are
 * those of the manifest, as many as the configuration has. Whatever is not as it should be is no step.
 */
export function readInlineCache(
  document: unknown,
  config: ImageConfig,
  layers: readonly Descriptor[],
): Map<string, CachedStep> {
  const steps = new Map<string, CachedStep>();
  const records = isObject(document) ? document[field] : undefined;
  const made = layersOfHistory(config, layers);
  for (const record of Array.isArray(records) ? records : []) {
    if (!isObject(record) || !Array.isArray(record.keys)) continue;
    const entry = typeof record.history === "number" ? config.history?.[record.history] : undefined;
    if (entry?.created === undefined) continue;
    const layer = made[record.history as number];
    if (layer === undefined && entry.empty_layer !== true) continue;
    for (const key of record.keys)
      if (typeof key === "string" && /^[0-9a-f]{64}$/.test(key))
        steps.set(key, {
          key,
          createdAt: entry.created,
          createdBy: entry.created_by ?? "",
          ...(layer === undefined ? {} : { layer }),
        });
  }
  return steps;
}

/**
 * For each entry of the history the layer that it has made. Counted from the top, where what a build made is: its base may
 * have layers that no entry tells of.
 */
function layersOfHistory(
  { history = [], rootfs }: ImageConfig,
  layers: readonly Descriptor[],
): ({ diffId: Digest; descriptor: Descriptor } | undefined)[] {
  let next = layers.length - history.filter(({ empty_layer }) => empty_layer !== true).length;
  if (next < 0) return [];
  return history.map(({ empty_layer }) => {
    if (empty_layer === true) return undefined;
    const at = next++;
    const [diffId, descriptor] = [rootfs.diff_ids[at], layers[at]];
    return diffId === undefined || descriptor === undefined ? undefined : { diffId, descriptor };
  });
}
