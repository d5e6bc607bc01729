import type { StageState } from "../../build/plan/types.ts";
import type { Digest, HistoryEntry, ImageConfig, ImageExecutionConfig, Platform } from "../../oci/types.ts";

/** In the order in which Go's encoders write the fields, with maps sorted: equal builds give equal bytes. */
function orderedConfig(
  config: ImageExecutionConfig,
  labels: Readonly<Record<string, string>>,
): ImageExecutionConfig {
  const Labels = { ...config.Labels, ...labels };
  const fields: Record<string, unknown> = {
    User: config.User || undefined,
    ExposedPorts: sorted(config.ExposedPorts),
    Env: config.Env,
    Entrypoint: config.Entrypoint,
    Cmd: config.Cmd,
    Volumes: sorted(config.Volumes),
    WorkingDir: config.WorkingDir || undefined,
    Labels: sorted(Labels),
    StopSignal: config.StopSignal || undefined,
    ArgsEscaped: config.ArgsEscaped || undefined,
    Healthcheck: config.Healthcheck,
    OnBuild: config.OnBuild,
    Shell: config.Shell,
  };
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as ImageExecutionConfig;
}

function sorted<T>(map: Readonly<Record<string, T>> | null | undefined): Record<string, T> | undefined {
  const keys = Object.keys(map ?? {});
  if (keys.length === 0) return undefined;
  return Object.fromEntries(keys.sort().map((key) => [key, map![key]!]));
}

/** The configuration of an image that a stage makes. */
export function resultConfig(
  stage: {
    readonly state: StageState;
    readonly platform: Platform;
    readonly diffIds: readonly Digest[];
    readonly history: readonly HistoryEntry[];
  },
  labels: Readonly<Record<string, string>>,
): ImageConfig {
  const { state, platform, history } = stage;
  const created = history.findLast((entry) => entry.created !== undefined)?.created;
  return {
    ...(created === undefined ? {} : { created }),
    ...(state.author === undefined ? {} : { author: state.author }),
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    ...(platform["os.version"] === undefined ? {} : { "os.version": platform["os.version"] }),
    config: orderedConfig(state.config, labels),
    rootfs: { type: "layers", diff_ids: stage.diffIds },
    history,
  };
}
