import { addLayer } from "../../image/add-layer.ts";
import { type BuildEnvironment, directoriesOf, type StageFiles } from "./build-environment.ts";
import { asVertex } from "./progress.ts";

/** The same files with one layer for all that the build has made (`--squash`); the history tells of all steps, as Docker's. */
export async function squashed(build: BuildEnvironment, files: StageFiles): Promise<StageFiles> {
  const { context, tools, lease, signal, epoch, progress } = build;
  const { layers, history, base = { layers: 0, history: 0 } } = files;
  const count = layers.length - base.layers;
  if (count < 2) return files;
  return asVertex(progress, `squashing ${count} layers`, async () => {
    const latest = epoch === undefined ? {} : { latest: epoch };
    const request = { layers: directoriesOf(build, files), base: base.layers, ...latest };
    const layer = await addLayer(
      tools,
      lease,
      (target) => context.treeReader.squash({ ...request, ...target }, signal),
      signal,
    );
    const created = (epoch === undefined ? new Date() : new Date(epoch * 1000)).toISOString();
    const merge = { created, comment: `merge of ${count} layers` };
    return {
      ...files,
      layers: [...layers.slice(0, base.layers), ...(layer === undefined ? [] : [layer])],
      history: [
        ...history.slice(0, base.history),
        ...history.slice(base.history).map((entry) => ({ ...entry, empty_layer: true })),
        layer === undefined ? { ...merge, empty_layer: true } : merge,
      ],
      keys: new Map(), // no step made the layer that there is now
    };
  });
}
