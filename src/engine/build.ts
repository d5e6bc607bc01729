import { CleanupStack } from "../base/cleanup-stack.ts";
import { BerthError } from "../base/errors.ts";
import { contextStep, isNumberedBase, stepPrefix } from "../build/plan/stage-steps.ts";
import type { Source, Stage, StageState } from "../build/plan/types.ts";
import { type BaseImage, BaseImages, suggesting } from "./build/base-image.ts";
import { type BuildEnvironment, type StageFiles, toolsOf } from "./build/build-environment.ts";
import { atPlace } from "./build/build-failure.ts";
import type { openCacheSources } from "./build/cache-sources.ts";
import type { BuildOptions } from "./build/build-options.ts";
import { type BuildResult, exportResult } from "./build/export-result.ts";
import { openNamedContexts } from "./build/named-contexts.ts";
import { loadDefinition } from "./build/open-context.ts";
import { type BuildPlan, planBuild, planOptions, type PlanRequest } from "./build/plan-build.ts";
import type { BuildProgress } from "./build/progress.ts";
import { type NamedTree, SourceTrees } from "./build/source-trees.ts";
import { squashed } from "./build/squash.ts";
import { StageBuild } from "./build/stage-build.ts";
import { type CacheSources, StepCache } from "./build/step-cache.ts";
import type { EngineContext } from "./context.ts";
import { sweepStore } from "./import-into-store.ts";
import { newImageName } from "./new-image-name.ts";
import { chooseDriver } from "./storage-driver.ts";

/** Builds from a Dockerfile what its outputs say; answers the image, if that was one. Throws BuildFailure with the place in the Dockerfile. */
export async function buildImage(
  context: EngineContext,
  options: BuildOptions,
  progress: BuildProgress,
  signal: AbortSignal,
): Promise<BuildResult | undefined> {
  for (const tag of namesOf(options)) checkTag(tag);
  const { store } = context;
  await using stack = new CleanupStack();
  const lease = stack.use(store.lease());
  await sweepStore(context);
  // One failure ends the other stages.
  const failure = new AbortController();
  const ending = AbortSignal.any([signal, failure.signal]);
  const files = await loadDefinition(context, options, { progress, stack, signal: ending });
  const { driver } = await chooseDriver(context, options.storageDriver);
  const tools = { context, tools: toolsOf(context), signal: ending, stack };
  const sources = await cacheSources(tools, options, { progress, lease });
  const cache = new StepCache(store, lease, sources);
  const build: BuildEnvironment = {
    ...tools,
    options,
    files,
    progress,
    cache,
    lease,
    driver,
    epoch: epochOf(context, options),
  };
  return await atPlace({ dockerfile: files.dockerfile }, async () => {
    const whole = new WholeBuild(build, planOptions(options, files), failure);
    await whole.openNamedContexts();
    const { files: done, state } = await whole.target();
    cache.finish();
    return await exportResult(build, options.squash ? await squashed(build, done) : done, state);
  });
}

async function cacheSources(...given: Parameters<typeof openCacheSources>): Promise<CacheSources> {
  const [, { cacheFrom, noCache }] = given;
  if (noCache || cacheFrom.length === 0) return { find: async () => undefined };
  return (await import("./build/cache-sources.ts")).openCacheSources(...given);
}

function checkTag(tag: string): void {
  try {
    newImageName(tag);
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(error.code, `invalid tag ${JSON.stringify(tag)}: ${error.message}`, {
      cause: error,
    });
  }
}

function namesOf({ tags, outputs }: BuildOptions): readonly string[] {
  return outputs.flatMap((output) => ("names" in output ? output.names : undefined) ?? tags);
}

/** SOURCE_DATE_EPOCH of `--build-arg` or of the environment, in seconds. Throws `invalid-argument`. */
function epochOf(context: EngineContext, { buildArgs }: BuildOptions): number | undefined {
  const text = buildArgs.SOURCE_DATE_EPOCH ?? context.env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,11}$/.test(text)) return Number(text);
  throw new BerthError("invalid-argument", `invalid SOURCE_DATE_EPOCH: ${text}`);
}

interface BuiltStage {
  readonly files: StageFiles;
  readonly state: StageState;
}

/** Stages, each planned when its base is known and built when what it needs is there; independent ones at once. */
class WholeBuild {
  readonly #build: BuildEnvironment;
  readonly #options: PlanRequest["options"];
  readonly #failure: AbortController;
  readonly #images: BaseImages;
  readonly #trees: SourceTrees;
  readonly #stages = new Map<number, Promise<BuiltStage>>();
  readonly #named = new Map<string, NamedTree>();
  #plan!: BuildPlan;

  constructor(build: BuildEnvironment, options: PlanRequest["options"], failure: AbortController) {
    this.#build = build;
    this.#options = options;
    this.#failure = failure;
    const { context, options: asked, progress, lease, signal } = build;
    this.#images = new BaseImages(
      context,
      { pull: asked.pull, platform: asked.platform },
      progress,
      lease,
      signal,
    );
    this.#trees = new SourceTrees(build, (source) => this.#filesOf(source), this.#named);
  }

  async openNamedContexts(): Promise<void> {
    const { contexts, workingDirectory } = this.#build.options;
    const opened = await openNamedContexts(this.#build, contexts, workingDirectory);
    for (const [name, tree] of opened) this.#named.set(name, tree);
  }

  async target(): Promise<BuiltStage> {
    await this.#settlePlan();
    // All at once: a stage waits by itself for what it needs.
    const all = this.#plan.graph.needed.map((index) => this.#stage(index));
    const results = await Promise.allSettled(all);
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw this.#failure.signal.reason ?? failed.reason;
    return this.#stage(this.#plan.graph.target);
  }

  async #settlePlan(): Promise<void> {
    const { files, progress } = this.#build;
    const options = this.#options;
    const configOf: PlanRequest["configOf"] = async (base) => (await this.#images.get(base)).record.config;
    try {
      this.#plan = await planBuild({ files, options, scope: "needed", configOf });
    } finally {
      for (const warning of options.linter.warnings) progress.warn(warning);
    }
    this.#announce();
  }

  /** Tells how much work there is: steps that may make layers, base images, and what becomes of the result. */
  #announce(): void {
    const pieces = this.#plan.graph.needed.map((index) => {
      const ofBase = isNumberedBase(this.#plan.graph.stages[index]!) ? 1 : 0;
      return ofBase + this.#plan.stages.get(index)!.steps.filter(({ kind }) => kind !== "config").length;
    });
    const steps = pieces.reduce((sum, count) => sum + count, 0);
    const { outputs, squash } = this.#build.options;
    this.#build.progress.expect(steps + outputs.length + (squash ? 1 : 0));
  }

  #stage(index: number): Promise<BuiltStage> {
    const known = this.#stages.get(index);
    if (known !== undefined) return known;
    const built = this.#buildStage(index).catch((error: unknown) => {
      this.#failure.abort(error);
      throw error;
    });
    this.#stages.set(index, built);
    return built;
  }

  async #buildStage(index: number): Promise<BuiltStage> {
    const stage = this.#plan.graph.stages[index]!;
    const planned = this.#plan.stages.get(index)!;
    const base = await this.#baseFiles(stage);
    const work = new StageBuild(this.#build, stage, planned, this.#trees);
    return { files: await work.from(base), state: planned.state };
  }

  async #baseFiles(stage: Stage): Promise<StageFiles> {
    const { base } = stage;
    const nothing: StageFiles = { layers: [], history: [], platform: this.#options.targetPlatform };
    switch (base.kind) {
      case "scratch":
        return nothing;
      case "stage":
        return this.#filesOf(base);
      case "image": {
        const { name } = await this.#images.get(base);
        this.#build.progress.begin(`${stepPrefix(stage, 1)}FROM ${name}`).done();
        return this.#filesOf(base);
      }
      case "named": {
        const planned = { ...this.#plan.stages.get(stage.index)!, steps: [contextStep(stage, base)] };
        return new StageBuild(this.#build, stage, planned, this.#trees).from(nothing);
      }
      default:
        return base satisfies never;
    }
  }

  async #filesOf(source: Exclude<Source, { kind: "context" | "named" }>): Promise<StageFiles> {
    if (source.kind === "stage") return (await this.#stage(source.index)).files;
    const { stages } = this.#plan.graph;
    return filesOfImage(await suggesting(source.reference, stages, () => this.#images.get(source)));
  }
}

function filesOfImage({ record, layers }: BaseImage): StageFiles {
  const { config } = record;
  const history = config.history ?? [];
  return { layers, history, platform: config, base: { layers: layers.length, history: history.length } };
}
