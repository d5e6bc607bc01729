import { BerthError } from "../../base/errors.ts";
import { checkContainerName } from "../../engine/container-name.ts";
import type { MountOption, RunOptions } from "../../engine/run-options.ts";
import type { FlagValues } from "../flags/spec.ts";
import { checkHostname, checkSignal, checkWorkdir } from "./checked-values.ts";
import { readKeyValueFile } from "./key-value-file.ts";
import { parseMountOption } from "./mount-option.ts";
import { networkOptions } from "./network-options.ts";
import type { furtherFlags } from "./further-flags.ts";
import type { createFlags } from "./run-flags.ts";
import { parseRestartPolicy } from "./restart-option.ts";
import { parseTmpfsOption } from "./tmpfs-option.ts";
import {
  checkVolumeDriver,
  parseVolumeOption,
  parseVolumesFrom,
  volumeSurroundings,
} from "./volume-option.ts";

type RunFlagValues = FlagValues<typeof createFlags>;

export interface Caller {
  readonly workingDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly warn: (message: string) => void;
}

/** What was asked for, from flags and words; files of variables and labels are read here. Throws BerthError. */
export async function buildRunOptions(
  flags: RunFlagValues,
  further: FlagValues<typeof furtherFlags> | undefined,
  words: readonly string[],
  caller: Caller,
): Promise<RunOptions> {
  const [image, ...command] = words;
  if (image === undefined || image === "")
    throw new BerthError("invalid-reference", "invalid reference format");
  const restart = parseRestartPolicy(flags.restart ?? "no");
  if (flags.rm && restart.name !== "no")
    throw new BerthError("usage", "conflicting options: cannot specify both --restart and --rm");
  const connection = networkOptions(flags);
  const { kind } = connection.network;
  if (flags.hostname && kind === "container")
    throw new BerthError("usage", "conflicting options: hostname and the network mode");
  if ((kind === "host" || kind === "none") && (flags.publish.length > 0 || flags["publish-all"]))
    caller.warn(`Published ports are discarded when using ${kind} network mode`);
  checkVolumeDriver(flags["volume-driver"] ?? "");
  const fromFiles = (kind: "env" | "label", paths: readonly string[]) =>
    paths.flatMap((path) => readKeyValueFile(kind, path, caller.workingDirectory, caller.env));
  return {
    image,
    command,
    remove: flags.rm,
    interactive: flags.interactive,
    terminal: flags.tty,
    env: [...fromFiles("env", flags["env-file"]), ...flags.env],
    mounts: buildMounts(flags, caller.workingDirectory),
    ...(flags["volumes-from"].length > 0 ? { volumesFrom: flags["volumes-from"].map(parseVolumesFrom) } : {}),
    readOnly: flags["read-only"],
    labels: labelsFrom([...fromFiles("label", flags["label-file"]), ...flags.label]),
    pull: pullPolicy(flags.pull),
    init: flags.init,
    ...connection,
    ...(further === undefined
      ? {}
      : (await import("./further-flags.ts")).furtherOptions(further, {
          network: kind,
          workingDirectory: caller.workingDirectory,
          hostname: flags.hostname,
        })),
    ...given("name", flags.name?.replace(/^\//, ""), checkContainerName),
    ...given("workdir", flags.workdir, checkWorkdir),
    ...given("user", flags.user),
    ...given("hostname", flags.hostname, checkHostname),
    ...given("cidfile", flags.cidfile),
    ...given("platform", flags.platform),
    ...given("storageDriver", flags["storage-driver"]),
    ...given("stopSignal", flags["stop-signal"], checkSignal),
    ...(restart.name === "no" ? {} : { restart }),
    ...(flags["stop-timeout"] === undefined ? {} : { stopTimeout: flags["stop-timeout"] }),
    // Empty means something here: it takes the image's entrypoint away.
    ...(flags.entrypoint === undefined ? {} : { entrypoint: flags.entrypoint }),
  };
}

/** A text flag with an empty value is as good as none, as in Docker. */
function given<K extends string>(
  key: K,
  value: string | undefined,
  check?: (value: string) => void,
): { [P in K]?: string } {
  const result: { [P in K]?: string } = {};
  if (value === undefined || value === "") return result;
  check?.(value);
  result[key] = value;
  return result;
}

function pullPolicy(value: string | undefined): RunOptions["pull"] {
  switch (value) {
    case "always":
    case "missing":
    case "never":
      return value;
    case "":
    case undefined:
      return "missing";
  }
  throw new BerthError(
    "usage",
    `invalid pull option: '${value}': must be one of "always", "missing" or "never"`,
  );
}

/** `key=value` or `key`; the last one of a name wins. */
export function labelsFrom(entries: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = Object.create(null);
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals === -1) labels[entry] = "";
    else labels[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return { ...labels };
}

function buildMounts(flags: RunFlagValues, workingDirectory: string): readonly MountOption[] {
  const surroundings = volumeSurroundings(workingDirectory);
  const mounts = [
    ...flags.mount.map((raw) => parseMountOption(raw, workingDirectory)),
    ...flags.volume.map((raw) => parseVolumeOption(raw, surroundings)),
    ...flags.tmpfs.map((raw) => parseTmpfsOption(raw)),
  ];
  const targets = new Set<string>();
  for (const { target } of mounts) {
    if (targets.has(target)) throw new BerthError("invalid-argument", `Duplicate mount point: ${target}`);
    targets.add(target);
  }
  return mounts;
}
