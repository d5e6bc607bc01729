import { PatternList } from "../../build/ignore/pattern-list.ts";
import { Linter } from "../../build/lint/linter.ts";
import { planStage } from "../../build/plan/plan-stage.ts";
import { addTriggers, planStages, readDockerfile } from "../../build/plan/stage-graph.ts";
import { stateOfImage, stateOfStage } from "../../build/plan/stage-state.ts";
import type { PlannedStage, PlanOptions, StageBase, StageGraph } from "../../build/plan/types.ts";
import { hostPlatform, parsePlatform } from "../../oci/platform.ts";
import type { ImageConfig } from "../../oci/types.ts";
import { suggesting } from "./base-image.ts";
import type { BuildContext } from "./build-context.ts";
import { atPlace } from "./build-failure.ts";
import type { BuildOptions } from "./build-options.ts";
import { contextImage } from "./named-contexts.ts";

/** What a Dockerfile comes to, together with its base images. */
export interface BuildPlan {
  readonly graph: StageGraph;
  readonly stages: ReadonlyMap<number, PlannedStage>;
}

export interface PlanRequest {
  readonly files: BuildContext;
  readonly options: PlanOptions & { readonly linter: Linter };
  /** Which stages: those that the target needs, or all of them. */
  readonly scope: "needed" | "all";
  /** The configuration of a base image. */
  configOf(base: Extract<StageBase, { kind: "image" }>): Promise<ImageConfig>;
}

/** Plans stages, bases first; a base's triggers may make more of them needed. Throws DockerfileError and BuildFailure. */
export async function planBuild({ files, options, scope, configOf }: PlanRequest): Promise<BuildPlan> {
  const { dockerfile } = files;
  let graph = planStages(readDockerfile(dockerfile.text, options.linter), options);
  const stages = new Map<number, PlannedStage>();
  for (;;) {
    const wanted = scope === "all" ? [...graph.stages.keys()] : graph.needed;
    const index = wanted.find((each) => !stages.has(each));
    if (index === undefined) break;
    const { base, lines } = graph.stages[index]!;
    const image =
      base.kind === "image"
        ? await atPlace({ dockerfile, lines }, () =>
            suggesting(base.reference, graph.stages, () => configOf(base)),
          )
        : undefined;
    const below = base.kind === "stage" ? stages.get(base.index)!.state : undefined;
    const triggers = image?.config?.OnBuild ?? below?.config.OnBuild ?? [];
    graph = addTriggers(graph, index, triggers, options);
    const start = below === undefined ? stateOfImage(image) : stateOfStage(below);
    stages.set(index, planStage(graph, graph.stages[index]!, start, options));
  }
  options.linter.finish();
  return { graph, stages };
}

/** What planning takes from the command line and the context. Throws DockerfileError for wrong options of the linter. */
export function planOptions(
  { target, buildArgs, platform, contexts }: BuildOptions,
  { ignore }: BuildContext,
): PlanRequest["options"] {
  const buildPlatform = hostPlatform();
  return {
    ...(target === undefined ? {} : { target }),
    buildArgs,
    buildPlatform,
    targetPlatform: platform === undefined ? buildPlatform : parsePlatform(platform),
    contexts: new Map(
      Object.entries(contexts).map(([name, place]) => [name.toLowerCase(), contextImage(place)]),
    ),
    linter: new Linter(buildArgs.BUILDKIT_DOCKERFILE_CHECK),
    ignore: new PatternList(ignore),
  };
}
