import type { PlannedStage, Stage, Step } from "../../build/plan/types.ts";
import { storeImage } from "../../image/store-image.ts";
import type { Digest } from "../../oci/types.ts";
import type { CachedStep } from "../../store/build-cache-table.ts";
import { atPlace } from "./build-failure.ts";
import { type BuildEnvironment, keyOfFiles, type StageFiles } from "./build-environment.ts";
import { copyWork, workdirWork } from "./copy-files.ts";
import type { Vertex } from "./progress.ts";
import { resultConfig } from "./result-config.ts";
import { runWork } from "./run-command.ts";
import type { SourceTrees } from "./source-trees.ts";
import { cacheKey } from "./step-cache.ts";
import type { StepWork } from "./step-work.ts";

type FileStep = Exclude<Step, { kind: "config" }>;

interface SettledStep {
  readonly done: Omit<CachedStep, "key">;
  readonly keys: readonly string[];
}

const comment = "buildkit.dockerfile.v0";

/** Does the steps of one stage in order, each from the cache where it can. */
export class StageBuild {
  readonly #build: BuildEnvironment;
  readonly #stage: Stage;
  readonly #planned: PlannedStage;
  readonly #trees: SourceTrees;

  constructor(build: BuildEnvironment, stage: Stage, planned: PlannedStage, trees: SourceTrees) {
    this.#build = build;
    this.#stage = stage;
    this.#planned = planned;
    this.#trees = trees;
  }

  async from(base: StageFiles): Promise<StageFiles> {
    let files = base;
    for (const step of this.#planned.steps) {
      this.#build.signal.throwIfAborted();
      files = step.kind === "config" ? this.#note(files, step) : await this.#fileStep(files, step);
    }
    return files;
  }

  /** A step that changes no files is dated by the one before. */
  #note(files: StageFiles, { createdBy }: Step): StageFiles {
    const before = files.history.findLast(({ created }) => created !== undefined)?.created;
    const created = this.#epoch ?? before ?? new Date().toISOString();
    return {
      ...files,
      history: [...files.history, { created, created_by: createdBy, comment, empty_layer: true }],
    };
  }

  get #epoch(): string | undefined {
    const { epoch } = this.#build;
    return epoch === undefined ? undefined : new Date(epoch * 1000).toISOString();
  }

  async #fileStep(files: StageFiles, step: FileStep): Promise<StageFiles> {
    const { progress, signal, files: context } = this.#build;
    let vertex: Vertex | undefined;
    try {
      const work = await this.#workOf(step);
      vertex = progress.begin(step.title);
      const { done, keys } = await this.#settle(files, step, work, vertex);
      const created = this.#epoch ?? done.createdAt;
      const empty = done.layer === undefined ? { empty_layer: true } : {};
      return {
        ...files,
        layers: done.layer === undefined ? files.layers : [...files.layers, done.layer],
        history: [...files.history, { created, created_by: step.createdBy, comment, ...empty }],
        keys: new Map(files.keys).set(files.history.length, keys),
      };
    } catch (error) {
      vertex ??= progress.begin(step.title);
      if (signal.aborted) vertex.canceled();
      else vertex.failed(error instanceof Error ? error.message : String(error));
      const lastImage = signal.aborted || step.kind !== "run" ? undefined : await this.#lastGood(files);
      return await atPlace(
        {
          dockerfile: context.dockerfile,
          lines: step.lines,
          step: step.title,
          ...(lastImage === undefined ? {} : { lastImage }),
        },
        () => {
          throw error;
        },
      );
    }
  }

  async #workOf(step: FileStep): Promise<StepWork> {
    switch (step.kind) {
      case "run":
        return runWork(this.#build, step, this.#trees);
      case "copy":
        return copyWork(this.#build, step, this.#trees);
      case "workdir":
        return workdirWork(this.#build, step.path, step.user);
      default:
        return step satisfies never;
    }
  }

  /** What the step made, and all keys that it has. */
  async #settle(files: StageFiles, step: FileStep, work: StepWork, vertex: Vertex): Promise<SettledStep> {
    const { cache, signal, epoch, options } = this.#build;
    const keyOf = (inputs: readonly unknown[]) =>
      cacheKey(keyOfFiles(files), work.definition, inputs, epoch ?? null);
    const key = keyOf(work.inputs);
    const mayReuse = !this.#ignoresCache();
    const find = async (key: string) => (mayReuse ? cache.find(key, files.layers, signal) : undefined);
    const known = await find(key);
    if (known !== undefined && !(options.inlineCache && work.content)) {
      vertex.cached();
      return { done: known, keys: [key] };
    }
    const contentKey = work.content === undefined ? undefined : keyOf(["content", await work.content()]);
    const keys = contentKey === undefined ? [key] : [key, contentKey];
    const same = known ?? (contentKey === undefined ? undefined : await find(contentKey));
    if (same !== undefined) {
      if (known === undefined) cache.put({ ...same, key });
      vertex.cached();
      return { done: same, keys };
    }
    const layer = await work.perform(files, vertex);
    const createdAt = new Date().toISOString();
    const done = { ...(layer === undefined ? {} : { layer }), createdAt, createdBy: step.createdBy };
    for (const each of keys) cache.put({ ...done, key: each });
    vertex.done();
    return { done, keys };
  }

  #ignoresCache(): boolean {
    const { noCache, noCacheFilter } = this.#build.options;
    const { name, index } = this.#stage;
    return noCache || noCacheFilter.some((filter) => filter.toLowerCase() === (name ?? String(index)));
  }

  /** An image without a name of what was there before the step that failed, to look into. */
  async #lastGood(files: StageFiles): Promise<Digest | undefined> {
    const { context, lease } = this.#build;
    if (files.layers.length === 0) return undefined;
    const { state } = this.#planned;
    const diffIds = files.layers.map(({ diffId }) => diffId);
    const config = resultConfig({ ...files, state, diffIds }, {});
    const layers = files.layers.map(({ descriptor }) => descriptor);
    return (await storeImage(context.store, { config, layers, names: [] }, lease)).id;
  }
}
