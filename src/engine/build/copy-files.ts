import type { CopyItem, CopyRequest, TreeItem } from "../../build/copy/protocol.ts";
import { DockerfileError } from "../../build/dockerfile-error.ts";
import type { CopySource, CopyStep } from "../../build/plan/types.ts";
import { addLayer } from "../../image/add-layer.ts";
import type { LayerTarget } from "../../snapshot/types.ts";
import { askBuildWorker } from "./build-worker.ts";
import { type BuildEnvironment, directoriesOf, type StageFiles } from "./build-environment.ts";
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
  const items = await Promise.all(
    sources.map(async (source): Promise<CopyItem> => {
      switch (source.kind) {
        case "path": {
          const { key: _, ...tree } = await trees.tree(step.from);
          return { kind: "tree", ...tree, path: source.path, exclude, archive: false };
        }
        case "file":
          return source;
        default:
          throw new DockerfileError(`ADD of a ${source.kind} source is not supported yet`);
      }
    }),
  );
  const treeItems = items.filter((item): item is TreeItem => item.kind === "tree");
  const { key } = treeItems.length > 0 ? await trees.tree(step.from) : { key: "" };
  const content = async () => (await trees.digest(treeItems, parents)).digest;
  const definition = [
    "copy",
    { sources: sources.map(definitionOf), destination, chown, chmod, parents, exclude },
  ];
  return {
    definition,
    ...(key === undefined ? { inputs: [await content()] } : { inputs: [key], content }),
    perform: (base) => {
      const request = { items, destination, parents, ...(chmod === undefined ? {} : { mode: chmod }) };
      return copyLayer(build, request, base, chown);
    },
  };
}

function definitionOf(source: CopySource): unknown {
  return source;
}

/** WORKDIR: makes a directory where there is none. */
export function workdirWork(build: BuildEnvironment, path: string, user: string): StepWork {
  return {
    definition: ["workdir", path, user],
    inputs: [],
    perform: (base) => copyLayer(build, { items: [], destination: path, parents: false }, base, user),
  };
}

async function copyLayer(
  build: BuildEnvironment,
  request: Pick<CopyRequest, "items" | "destination" | "parents" | "mode">,
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
