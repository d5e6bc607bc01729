import { lstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import type { ContainerMount } from "../container/spec.ts";
import type { ImageExecutionConfig } from "../oci/types.ts";
import type { Store } from "../store/store.ts";
import type { MountPoint } from "./container-record.ts";
import type { MountOption, RunOptions } from "./run-options.ts";

export interface ResolvedMounts {
  readonly mounts: readonly ContainerMount[];
  readonly points: readonly MountPoint[];
  /** Volumes that the container uses; they are attached to it by name. */
  readonly volumes: readonly string[];
}

/**
 * The mounts of a container: those asked for, and an anonymous volume for each `VOLUME` of the image that none of them
 * covers. Volumes come into being here. Outer targets come first, so that inner ones are not hidden.
 */
export function resolveMounts(
  store: Store | undefined,
  options: RunOptions,
  config: ImageExecutionConfig,
  newVolumeName: () => string,
): ResolvedMounts {
  const asked = new Set(options.mounts.map((mount) => mount.target));
  const anonymous: MountOption[] = Object.keys(config.Volumes ?? {})
    .map(normalizeTarget)
    .filter((target) => !asked.has(target))
    .map((target) => ({ kind: "volume", target, readOnly: false, noCopy: false }));
  const all = [...options.mounts, ...anonymous].toSorted((a, b) => depth(a.target) - depth(b.target));

  const mounts: ContainerMount[] = [];
  const points: MountPoint[] = [];
  const volumes: string[] = [];
  for (const mount of all) {
    switch (mount.kind) {
      case "bind": {
        requireSource(mount);
        const propagation = mount.propagation?.endsWith("slave") ? "slave" : "private";
        const { source, target, readOnly } = mount;
        mounts.push({ kind: "bind", source, target, readOnly, propagation, populate: false });
        points.push({
          type: "bind",
          source,
          destination: target,
          readOnly,
          propagation: mount.propagation ?? "rprivate",
        });
        break;
      }
      case "volume": {
        if (store === undefined) {
          throw new BerthError(
            "read-only",
            `a volume for ${mount.target} cannot be kept: the store is read-only`,
            {
              hint: `use --tmpfs ${mount.target} instead`,
            },
          );
        }
        const name = mount.name ?? newVolumeName();
        store.volumes.createOrGet({ name, labels: {}, anonymous: mount.name === undefined });
        const source = store.layout.volume(name);
        mkdirSync(source, { recursive: true, mode: 0o755 });
        const populate = !mount.noCopy && readdirSync(source).length === 0;
        const { target, readOnly } = mount;
        mounts.push({ kind: "bind", source, target, readOnly, propagation: "private", populate });
        points.push({ type: "volume", name, source, destination: target, readOnly, propagation: "" });
        volumes.push(name);
        break;
      }
      case "tmpfs": {
        const { target, readOnly } = mount;
        mounts.push({ kind: "tmpfs", target, readOnly, ...tmpfsParameters(mount) });
        points.push({ type: "tmpfs", source: "", destination: target, readOnly, propagation: "" });
        break;
      }
      default:
        mount satisfies never;
    }
  }
  return { mounts, points, volumes };
}

function depth(target: string): number {
  return target.split("/").filter(Boolean).length;
}

/** A `VOLUME` of an image may be written without a leading slash or with a trailing one. */
function normalizeTarget(path: string): string {
  return `/${path
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .join("/")}`;
}

function requireSource(mount: Extract<MountOption, { kind: "bind" }>): void {
  try {
    statSync(mount.source);
    return;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") {
      throw new BerthError("denied", `cannot mount ${mount.source}: ${systemErrorCode(error)}`, {
        cause: error,
      });
    }
  }
  const dangling = lstatSync(mount.source, { throwIfNoEntry: false }) !== undefined;
  if (!mount.createSource || dangling) {
    throw new BerthError(
      "invalid-argument",
      `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
    );
  }
  try {
    mkdirSync(mount.source, { recursive: true });
  } catch (error) {
    throw new BerthError(
      "denied",
      `error while creating mount source path '${mount.source}': ${systemErrorCode(error)}`,
      { cause: error },
    );
  }
}

function tmpfsParameters(mount: Extract<MountOption, { kind: "tmpfs" }>) {
  const options: Record<string, string> = {};
  if (mount.size !== undefined) options.size = String(mount.size);
  if (mount.mode !== undefined) options.mode = mount.mode.toString(8);
  let noExec = true; // Docker's default for --tmpfs
  for (const flag of mount.flags) {
    const equals = flag.indexOf("=");
    if (equals > 0) options[flag.slice(0, equals)] = flag.slice(equals + 1);
    else if (flag === "exec") noExec = false;
    else if (flag === "noexec") noExec = true;
  }
  return { options, noExec };
}
