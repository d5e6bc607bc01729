import type { CopyRequest } from "../../build/copy/protocol.ts";
import type { CopyStep } from "../../build/plan/types.ts";
import { addLayer } from "../../image/add-layer.ts";
import type { LayerTarget } from "../../snapshot/types.ts";
import { askBuildWorker } from "./build-worker.ts";
import { type BuildEnvironment, directoriesOf, type StageFiles } from "./build-environment.ts";
import { sourceItems } from "./copy-items.ts";
import { resolveOwner } from "./copy-owner.ts";
import type { SourceTrees } from "./source-trees.ts";
import type { StepWork } from "./step-work.ts";

/** COPY and ADD: what their result depends on, and how it is made. */
export async function copyWork(
  build: BuildEnvironment,
  step: CopyStep,
  trees: SourceTrees,
): Promise<StepWork> {
  const { sources, destination, chown, chmod, parents, exclude } = step;
  const all = await Promise.all(sources.map((source) => sourceItems(build, step, source, trees)));
  const treeItems = all.flatMap(({ tree }) => tree ?? []);
  const inputs = all.map(({ input }) => input);
  const content = async () => (await trees.digest(treeItems)).digest;
  const known = treeItems.length === 0 || !inputs.includes(undefined);
  return {
    definition: ["copy", { sources, destination, chown, chmod, parents, exclude }],
    inputs: known ? inputs : [...inputs.map((input) => input ?? null), await content()],
    ...(known && treeItems.length > 0 ? { content } : {}),
    async perform(base) {
      const items = (await Promise.all(all.map((source) => source.items()))).flat();
      const mode = chmod === undefined ? {} : { mode: chmod };
      return copyLayer(build, { items, destination, ...mode }, base, chown);
    },
  };
}

/** WORKDIR: makes a directory where there is none. */
export function workdirWork(build: BuildEnvironment, path: string, user: string): StepWork {
  return {
    definition: ["workdir", path, user],
    inputs: [],
    perform: (base) => copyLayer(build, { items: [], destination: path }, base, user),
  };
}

async function copyLayer(
  build: BuildEnvironment,
  request: Pick<CopyRequest, "items" | "destination" | "mode">,
  files: StageFiles,
  owner: string,
) {
  const { context, tools, lease, signal, epoch } = build;
  const base = directoriesOf(build, files);
  const write = (target: LayerTarget) =>
    askBuildWorker(
      context,
      {
        kind: "copy",
        ...request,
        base,
        target,
        now: epoch ?? Math.floor(Date.now() / 1000),
        ...(owner === "" ? {} : { owner: resolveOwner(owner, base) }),
        ...(epoch === undefined ? {} : { latest: epoch }),
      },
      signal,
    );
  return addLayer(tools, lease, write, signal);
}
