import { homeDirectory } from "../base/directories.ts";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import type { MountAttribute } from "../container/operations.ts";
import type { ContainerMount } from "../container/spec.ts";
import type { ImageExecutionConfig } from "../oci/types.ts";
import { distinctLayers } from "../snapshot/distinct-layers.ts";
import type { StoreLayout } from "../store/layout.ts";
import type { ImageRecord } from "../store/types.ts";
import type { Store } from "../store/store.ts";
import { ensureDirectory, makeDirectories, namesIn } from "../sys/directory-entries.ts";
import { statusAt, statusIfThere } from "../sys/files.ts";
import type { SettledMount } from "./container-record.ts";
import type { MountOption } from "./run-options.ts";

/**
 * Which mounts a container has: those asked for, and an anonymous volume for each `VOLUME` of the image that none of
 * them covers; those inherited from other containers give way to them. Outer targets come first, so that inner ones are not hidden.
 */
export function settleMounts(
  asked: readonly MountOption[],
  config: ImageExecutionConfig,
  newVolumeName: () => string,
  findImage: (image: string) => Pick<ImageRecord, "id" | "config">,
  inherited: readonly SettledMount[] = [],
): readonly SettledMount[] {
  const own = new Set(asked.map(({ target }) => target));
  const kept = inherited.filter(({ target }) => !own.has(target));
  const targets = new Set([...own, ...kept.map(({ target }) => target)]);
  const anonymous: MountOption[] = Object.keys(config.Volumes ?? {})
    .map(normalizeTarget)
    .filter((target) => !targets.has(target))
    .map((target) => ({ kind: "volume", target, readOnly: false, noCopy: false }));
  const settled = [...asked, ...anonymous].map((mount): SettledMount => {
    if (mount.kind === "volume")
      return { ...mount, name: mount.name ?? newVolumeName(), anonymous: mount.name === undefined };
    if (mount.kind !== "image") return mount;
    const { id, config } = findImage(mount.image);
    return { ...mount, imageId: id, layers: config.rootfs.diff_ids };
  });
  return [...kept, ...settled].toSorted((a, b) => depth(a.target) - depth(b.target));
}

/**
 * Sees to it that what is mounted exists: makes volumes, which belong to the container from then on, and missing
 * directories of `-v`. Without a store (it cannot be written) there can be no volumes. Answers the volumes it made.
 */
export function ensureMountSources(
  store: Store | undefined,
  mounts: readonly SettledMount[],
  containerId: string,
): readonly string[] {
  const made: string[] = [];
  for (const mount of mounts) {
    if (mount.kind === "bind") requireSource(mount);
    if (mount.kind === "image") store?.containers.keepImage(containerId, mount.imageId);
    if (mount.kind !== "volume") continue;
    if (store === undefined) {
      throw new BerthError(
        "read-only",
        `a volume for ${mount.target} cannot be kept: the store is read-only`,
        { hint: `use --tmpfs ${mount.target} instead` },
      );
    }
    const { name, labels = {}, anonymous } = mount;
    if (store.volumes.createOrGet({ name, labels, anonymous }, containerId).created) made.push(name);
    ensureDirectory(store.layout.volume(mount.name), 0o755);
  }
  return made;
}

/** What init mounts. A volume is filled from the image at the container's first start, if it is empty then. */
export function containerMounts(
  { layout, layers }: Pick<Store, "layout" | "layers">,
  mounts: readonly SettledMount[],
  firstStart: boolean,
): readonly ContainerMount[] {
  return mounts.map((mount): ContainerMount => {
    const { target, readOnly } = mount;
    switch (mount.kind) {
      case "bind": {
        const propagation = mount.propagation?.endsWith("slave") ? "slave" : "private";
        return {
          kind: "bind",
          source: mount.source,
          target,
          readOnly,
          propagation,
          populate: false,
          ...(mount.recursive === undefined ? {} : { recursive: mount.recursive }),
          ...(mount.chown ? { chown: true } : {}),
        };
      }
      case "volume": {
        const source = layout.volume(mount.name);
        const { subpath } = mount;
        const populate = firstStart && !mount.noCopy && subpath === undefined && mayBeEmpty(source);
        return {
          kind: "bind",
          source,
          target,
          readOnly,
          propagation: "private",
          populate,
          ...(subpath === undefined ? {} : { subpath }),
          ...(mount.chown ? { chown: true } : {}),
        };
      }
      case "image": {
        const { subpath } = mount;
        const directories = distinctLayers(mount.layers.map((diffId) => layers.path(diffId)));
        return { kind: "layers", layers: directories, target, ...(subpath === undefined ? {} : { subpath }) };
      }
      case "tmpfs":
        return { kind: "tmpfs", target, readOnly, ...tmpfsParameters(mount) };
      default:
        return mount satisfies never;
    }
  });
}

/** A directory that other ids keep us out of is for init to look into. */
function mayBeEmpty(directory: string): boolean {
  try {
    return namesIn(directory).length === 0;
  } catch (error) {
    if (systemErrorCode(error) === "EACCES") return true;
    throw error;
  }
}

/** A mount in the words of Docker's `inspect`. */
export interface MountPoint {
  readonly type: "bind" | "volume" | "image" | "tmpfs";
  readonly name?: string;
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
  readonly propagation: string;
}

export function mountPoints(layout: StoreLayout, mounts: readonly SettledMount[]): readonly MountPoint[] {
  return mounts.map((mount): MountPoint => {
    const common = { type: mount.kind, destination: mount.target, readOnly: mount.readOnly };
    switch (mount.kind) {
      case "bind":
        return { ...common, source: mount.source, propagation: mount.propagation ?? "rprivate" };
      case "volume":
        return { ...common, name: mount.name, source: layout.volume(mount.name), propagation: "" };
      case "image":
        return { ...common, source: mount.image, propagation: "" };
      case "tmpfs":
        return { ...common, source: "", propagation: "" };
      default:
        return mount satisfies never;
    }
  });
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

/** What is there when a container is made may be gone when it is started; then it is made again, as by Docker. */
export function requireSources(mounts: readonly SettledMount[]): void {
  for (const mount of mounts) if (mount.kind === "bind") requireSource(mount);
}

function requireSource(mount: Extract<MountOption, { kind: "bind" }>): void {
  if (mount.chown) refuseHome(mount.source);
  try {
    statusAt(mount.source);
    return;
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") {
      throw new BerthError("denied", `cannot mount ${mount.source}: ${systemErrorCode(error)}`, {
        cause: error,
      });
    }
  }
  const dangling = statusIfThere(mount.source, { followLink: false }) !== undefined;
  if (!mount.createSource || dangling) {
    throw new BerthError(
      "invalid-argument",
      `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
    );
  }
  try {
    makeDirectories(mount.source);
  } catch (error) {
    const code = systemErrorCode(error);
    const reason = code === "EACCES" || code === "EPERM" ? "permission denied" : code;
    throw new BerthError(
      "denied",
      `error while creating mount source path '${mount.source}': mkdir ${mount.source}: ${reason}`,
      { cause: error },
    );
  }
}

/** `:U` on it would lock the user out of the own account. */
function refuseHome(source: string): void {
  const home = homeDirectory(process.env);
  if (source !== home && !home.startsWith(source === "/" ? source : `${source}/`)) return;
  throw new BerthError(
    "denied",
    `${source} is not given away (:U): it is this user's home directory, or above it`,
    {
      hint: `name a directory below ${home}`,
    },
  );
}

/** Flags of mount(8) that exclude each other, and the attribute that each stands for. */
const flagFamilies: readonly Readonly<Record<string, MountAttribute | undefined>>[] = [
  { nosuid: "nosuid", suid: undefined },
  { noexec: "noexec", exec: undefined },
  { nodiratime: "nodiratime", diratime: undefined },
  {
    noatime: "noatime",
    strictatime: "strictatime",
    norelatime: "strictatime",
    ...{ atime: undefined, relatime: undefined, nostrictatime: undefined },
  },
];

/** Docker's defaults for --tmpfs; of each family the last flag counts. */
function tmpfsParameters(mount: Extract<MountOption, { kind: "tmpfs" }>) {
  const flags = ["nosuid", "noexec", ...mount.flags];
  const attributes = flagFamilies.flatMap((family) => {
    const flag = flags.findLast((each) => Object.hasOwn(family, each));
    return flag === undefined ? [] : (family[flag] ?? []);
  });
  const options: Record<string, string | true> = {};
  if (mount.size !== undefined) options.size = String(mount.size);
  if (mount.mode !== undefined) options.mode = mount.mode.toString(8);
  for (const flag of flags) {
    const equals = flag.indexOf("=");
    if (equals > 0) options[flag.slice(0, equals)] = flag.slice(equals + 1);
    else if (flag === "sync" || flag === "dirsync") options[flag] = true;
  }
  return { options, attributes: ["nodev" as const, ...attributes] };
}
