/** The image configuration (image-spec "config.md"), as Docker, BuildKit, podman and others really write it. */
import {
  booleanAt,
  digestAt,
  integerAt,
  invalidImage,
  isObject,
  listAt,
  objectAt,
  parseJsonObject,
  present,
  refuseCaseTwins,
  setAt,
  stringAt,
  stringMapAt,
  stringsAt,
  timeAt,
} from "./document.ts";
import type { Healthcheck, HistoryEntry, ImageConfig, ImageExecutionConfig } from "./types.ts";

export const maximumConfigSize = 8 * 1024 * 1024;

/**
 * Reads an image configuration; `null` stands for absence wherever Go's encoders write it. An artifact's
 * configuration (without `rootfs`) is refused. Throws `invalid-image`.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const what = "image configuration";
  const document = parseJsonObject(bytes, what, maximumConfigSize);
  refuseCaseTwins(document, ["architecture", "os", "config", "rootfs", "history", "variant"], what);
  if (!isObject(document.rootfs)) {
    throw invalidImage(
      `invalid ${what}: it has no rootfs, so this is not an image (an artifact cannot be run)`,
    );
  }
  const rootfs = document.rootfs;
  refuseCaseTwins(rootfs, ["type", "diff_ids"], `rootfs of the ${what}`);
  const type = stringAt(rootfs.type, `rootfs.type of the ${what}`);
  if (type !== "layers") throw invalidImage(`invalid ${what}: rootfs.type must be "layers"`);
  return present<ImageConfig>({
    created: timeAt(document.created, `created of the ${what}`),
    author: stringAt(document.author, `author of the ${what}`),
    architecture: stringAt(document.architecture, `architecture of the ${what}`) ?? "",
    variant: stringAt(document.variant, `variant of the ${what}`),
    os: stringAt(document.os, `os of the ${what}`) ?? "",
    "os.version": stringAt(document["os.version"], `os.version of the ${what}`),
    config: executionConfig(document.config),
    rootfs: {
      type,
      diff_ids: listAt(rootfs.diff_ids, `diff_ids of the ${what}`).map((item, i) =>
        digestAt(item, `diff_ids[${i}] of the ${what}`),
      ),
    },
    history: isAbsent(document.history)
      ? undefined
      : listAt(document.history, `history of the ${what}`).map(historyEntry),
  });
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function historyEntry(value: unknown, index: number): HistoryEntry {
  const where = `history[${index}] of the image configuration`;
  const object = objectAt(value, where);
  return present<HistoryEntry>({
    created: timeAt(object.created, `created in ${where}`),
    created_by: stringAt(object.created_by, `created_by in ${where}`),
    author: stringAt(object.author, `author in ${where}`),
    comment: stringAt(object.comment, `comment in ${where}`),
    empty_layer: booleanAt(object.empty_layer, `empty_layer in ${where}`),
  });
}

function executionConfig(value: unknown): ImageExecutionConfig | undefined {
  if (isAbsent(value)) return undefined;
  const config = objectAt(value, "config of the image configuration");
  const at = (field: string) => `config.${field} of the image configuration`;
  return present<ImageExecutionConfig>({
    User: stringAt(config.User, at("User")),
    ExposedPorts: setAt(config.ExposedPorts, at("ExposedPorts")),
    Env: environmentAt(config.Env, at("Env")),
    Entrypoint: commandAt(config.Entrypoint, at("Entrypoint")),
    Cmd: commandAt(config.Cmd, at("Cmd")),
    Volumes: setAt(config.Volumes, at("Volumes")),
    WorkingDir: stringAt(config.WorkingDir, at("WorkingDir")),
    Labels: stringMapAt(config.Labels, at("Labels")),
    StopSignal: stringAt(config.StopSignal, at("StopSignal")),
    Healthcheck: healthcheckAt(config.Healthcheck, at("Healthcheck")),
    Shell: commandAt(config.Shell, at("Shell")),
    OnBuild: stringsAt(config.OnBuild, at("OnBuild")),
    ArgsEscaped: booleanAt(config.ArgsEscaped, at("ArgsEscaped")),
  });
}

/** `NAME=value` each; a name cannot be empty and no value holds NUL, which `execve` would cut. */
function environmentAt(value: unknown, where: string): readonly string[] | undefined {
  const list = stringsAt(value, where);
  const wrong = list?.find((entry) => !/^[^=\0]+=[^\0]*$/.test(entry));
  if (wrong !== undefined) {
    throw invalidImage(
      `invalid ${where}: ${JSON.stringify(wrong.slice(0, 100))} is not of the form NAME=value`,
    );
  }
  return list;
}

/** Docker reads a single string as a list of one (`strslice`). */
function commandAt(value: unknown, where: string): readonly string[] | undefined {
  return typeof value === "string" ? [value] : stringsAt(value, where);
}

function healthcheckAt(value: unknown, where: string): Healthcheck | undefined {
  if (isAbsent(value)) return undefined;
  const check = objectAt(value, where);
  const duration = (field: string) => {
    const nanoseconds = integerAt(check[field], `${where}.${field}`);
    if (nanoseconds !== undefined && nanoseconds < 0) {
      throw invalidImage(`invalid ${where}.${field}: it is negative (${nanoseconds})`);
    }
    return nanoseconds;
  };
  return present<Healthcheck>({
    Test: stringsAt(check.Test, `${where}.Test`),
    Interval: duration("Interval"),
    Timeout: duration("Timeout"),
    StartPeriod: duration("StartPeriod"),
    StartInterval: duration("StartInterval"),
    Retries: duration("Retries"),
  });
}
