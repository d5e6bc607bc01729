import { CleanupStack } from "../base/cleanup-stack.ts";
import { isBerthError } from "../base/errors.ts";
import type { LintWarning } from "../build/lint/linter.ts";
import { parsePlatform } from "../oci/platform.ts";
import type { ImageConfig } from "../oci/types.ts";
import { atPlace, BuildFailure, type DockerfileText } from "./build/build-failure.ts";
import type { BuildOptions } from "./build/build-options.ts";
import { loadDefinition } from "./build/open-context.ts";
import { planBuild, planOptions } from "./build/plan-build.ts";
import { asVertex, type BuildProgress } from "./build/progress.ts";
import type { EngineContext } from "./context.ts";
import { obtainImage } from "./obtain-image.ts";

export interface CheckResult {
  readonly dockerfile: DockerfileText;
  /** By line. */
  readonly warnings: readonly LintWarning[];
  /** Why nothing could be built of it. */
  readonly failure?: BuildFailure;
}

/**
 * Lints a Dockerfile, all stages of it unless there is a target, and builds nothing. Of base images that are not here only
 * the configuration is read.
 */
export async function checkBuild(
  context: EngineContext,
  options: BuildOptions,
  progress: BuildProgress,
  signal: AbortSignal,
): Promise<CheckResult> {
  await using stack = new CleanupStack();
  const files = await loadDefinition(context, options, { progress, stack, signal });
  const { dockerfile } = files;
  const result: { warnings: readonly LintWarning[]; failure?: BuildFailure } = { warnings: [] };
  try {
    await atPlace({ dockerfile }, async () => {
      const planning = planOptions(options, files);
      result.warnings = planning.linter.warnings;
      await planBuild({
        files,
        options: planning,
        scope: options.target === undefined ? "all" : "needed",
        configOf: ({ reference, platform = options.platform }) =>
          asVertex(progress, `[internal] load metadata for ${reference}`, () =>
            configOf(context, reference, platform, signal),
          ),
      });
    });
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    result.failure = error;
  }
  const warnings = result.warnings.toSorted((one, other) => one.lines.start - other.lines.start);
  return { ...result, dockerfile, warnings };
}

async function configOf(
  context: EngineContext,
  image: string,
  platform: string | undefined,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const wanted = platform === undefined ? {} : { platform };
  try {
    return (await obtainImage(context, { image, pull: "never", ...wanted }, { signal })).config;
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
  }
  const [{ readImage }, { resolveName }] = await Promise.all([
    import("./read-image.ts"),
    import("./registries.ts"),
  ]);
  const reference = resolveName(context, image).candidates[0]!;
  const there = platform === undefined ? undefined : parsePlatform(platform);
  return (await readImage(context, { kind: "registry", reference }, signal, there)).config;
}
