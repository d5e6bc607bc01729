/**
 * Performs operations inside the new mount namespace. Everything in the root is opened through `openInRoot` and
 * mounted by descriptor, so that no link of an image can lead a mount elsewhere
 * (CVE-2021-30465, CVE-2019-19921, CVE-2025-31133, CVE-2025-52565).
 */
import { MOUNT_ATTR, MS, O, RESOLVE } from "../sys/kernel-numbers.ts";
import { isDecimal } from "../base/decimal.ts";
import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { namesOf } from "../sys/directory-entries.ts";
import {
  close,
  fileSystemMagic,
  isBlockDevice,
  isCharacterDevice,
  isDirectory,
  statusOf,
  writeAll,
} from "../sys/files.ts";
import {
  AT_FDCWD,
  attachMount,
  changeDirectory,
  cloneMount,
  createMount,
  mount,
  openAt,
  openInRoot,
  openInRootIfThere,
  pivotRoot,
  setDomainname,
  setHostname,
  setMountAttributes,
  symbolicLinkAt,
  unmountDetached,
} from "../sys/libc.ts";
import type { RootMount } from "../sys/root-mount.ts";
import { encodeText } from "../sys/text.ts";
import { kernelFileSystems } from "./kernel-file-systems.ts";
import type { KernelFileSystems, MountAttribute, Operation } from "./operations.ts";
import { openDirectoryInRoot, openFileInRoot } from "./root-path.ts";

const PROC_SUPER_MAGIC = 0x9fa0;

/** Numbers of the devices that every container has (Documentation/admin-guide/devices.txt). */
const deviceNumbers: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
};

const attributeBits: Readonly<Record<MountAttribute, number>> = {
  "read-only": MOUNT_ATTR.RDONLY,
  nosuid: MOUNT_ATTR.NOSUID,
  nodev: MOUNT_ATTR.NODEV,
  noexec: MOUNT_ATTR.NOEXEC,
  noatime: MOUNT_ATTR.NOATIME,
  strictatime: MOUNT_ATTR.STRICTATIME,
  nodiratime: MOUNT_ATTR.NODIRATIME,
};

function bits(attributes: readonly MountAttribute[]): number {
  let mask = 0;
  for (const attribute of attributes) mask |= attributeBits[attribute];
  return mask;
}

const sharedMemoryAttributes = bits(["nosuid", "nodev", "noexec"]);

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

/** A detached mount, with others in it, for a directory of the root. */
export interface PreparedMount {
  readonly target: string;
  readonly mount: number;
}

/** What the operations themselves do not say. */
export interface MountMeans {
  /** The root, where no operation mounts it. */
  readonly root?: number;
  /** Copies the directory open as `source` into the (empty) directory `target` of the host. */
  readonly populate?: (source: number, target: string) => void;
  /** A detached mount of another container. */
  readonly sharedMemory?: number | undefined;
  /** Mounts that are these file systems already, if there are any; to be closed. */
  readonly prepared?: (wanted: KernelFileSystems) => readonly PreparedMount[];
}

export class MountInterpreter {
  #root: number;
  readonly #owned: string[] = [];
  readonly #means: MountMeans;

  constructor(means: MountMeans) {
    this.#root = means.root ?? -1;
    this.#means = means;
  }

  /** The root directory of the container. */
  get root(): number {
    return this.#root;
  }

  /** Targets of mounts whose content shall belong to the program's user. */
  get owned(): readonly string[] {
    return this.#owned;
  }

  perform(operation: Operation): void {
    switch (operation.kind) {
      case "root":
        this.#root = mountRoot(operation.root);
        break;
      case "kernel":
        this.#kernelFileSystems(operation);
        break;
      case "bind":
        this.#bind(operation);
        break;
      case "layers":
        this.#layers(operation);
        break;
      case "filesystem":
        this.#fileSystem(operation);
        break;
      case "device":
        this.#device(operation);
        break;
      case "host-device":
        this.#hostDevice(operation);
        break;
      case "shared-memory":
        this.#shareMemory(operation.of);
        break;
      case "console":
        this.#console(operation.terminal);
        break;
      case "link":
        this.#link(operation);
        break;
      case "mask":
        this.#mask(operation.path);
        break;
      case "mask-numbered":
        this.#maskNumbered(operation);
        break;
      case "protect":
        this.#protect(operation.path);
        break;
      case "working-directory":
        close(
          attempt(`make the working directory ${operation.path}`, () =>
            openDirectoryInRoot(this.#root, operation.path),
          ),
        );
        break;
      case "protect-root":
        setMountAttributes(this.#root, MOUNT_ATTR.RDONLY, { recursive: false });
        break;
      case "sysctl":
        this.#sysctl(operation);
        break;
      case "domainname":
        setDomainname(operation.name);
        break;
      case "hostname":
        setHostname(operation.name);
        break;
      default:
        operation satisfies never;
    }
  }

  /**
   * Makes the container's root the root of this process and lets go of the host's. The host's tree becomes read-only
   * first: /proc/self/exe keeps leading to our own executable, which belongs to the user, and must not be writable
   * by a container that runs it (CVE-2019-5736).
   */
  enter(): void {
    const host = openDirectory("/");
    changeDirectory(this.#root);
    pivotRoot(".", ".");
    setMountAttributes(host, MOUNT_ATTR.RDONLY, { recursive: true });
    changeDirectory(host);
    unmountDetached(".");
    close(host);
    changeDirectory(this.#root);
  }

  /** The working directory, opened inside the root, so that it cannot be a way out (CVE-2024-21626). */
  enterDirectory(path: string): void {
    attempt(`enter the working directory ${path}`, () => {
      const directory = openInRoot(this.#root, path, O.PATH | O.DIRECTORY);
      changeDirectory(directory);
      close(directory);
    });
  }

  #kernelFileSystems(operation: Of<"kernel">): void {
    const prepared = this.#means.prepared?.(operation) ?? [];
    for (const { target, mount } of prepared) {
      attempt(`mount ${target}`, () => {
        const place = openDirectoryInRoot(this.#root, target, true);
        attachMount(mount, place);
        for (const fd of [place, mount]) close(fd);
      });
    }
    if (prepared.length === 0) for (const each of kernelFileSystems(operation)) this.perform(each);
  }

  #bind(operation: Of<"bind">): void {
    attempt(`mount ${operation.source} on ${operation.target}`, () => {
      const source = openSource(operation);
      const directory = isDirectory(statusOf(source));
      const target = directory
        ? openDirectoryInRoot(this.#root, operation.target)
        : openFileInRoot(this.#root, operation.target);
      if (isDirectory(statusOf(target)) !== directory) {
        throw new BerthError(
          "invalid-argument",
          `cannot mount a ${directory ? "directory onto a file" : "file onto a directory"}: ` +
            `${operation.source} on ${operation.target}`,
        );
      }
      this.#refuseSystem(target, operation.target);
      if (operation.populate) {
        const content = openInRoot(this.#root, operation.target, O.RDONLY | O.DIRECTORY);
        this.#populate(content, operation.source);
        close(content);
      }
      const clone = operation.recursive === "disabled" ? cloneAlone(source) : cloneMount(source, true);
      const propagation = operation.propagation === "slave" ? MS.SLAVE : MS.PRIVATE;
      setMountAttributes(clone, 0, { recursive: true, propagation });
      if (operation.readOnly)
        setMountAttributes(clone, MOUNT_ATTR.RDONLY, { recursive: operation.recursive !== "writable" });
      attachMount(clone, target);
      if (operation.chown) this.#owned.push(operation.target);
      for (const fd of [source, target, clone]) close(fd);
    });
  }

  #populate(source: number, target: string): void {
    const { populate } = this.#means;
    if (populate === undefined)
      throw new BerthError("internal", "a volume is to be filled that was not announced");
    populate(source, target);
  }

  /** In one directory they need no overlay; otherwise it is mounted in place, and a part of it put in its stead. */
  #layers({ layers, target, subpath }: Of<"layers">): void {
    attempt(`mount an image on ${target}`, () => {
      const place = openDirectoryInRoot(this.#root, target);
      this.#refuseSystem(place, target);
      let whole: number;
      if (layers.length === 1) whole = openDirectory(layers[0]!);
      else {
        overlayOn(place, layers);
        whole = openInRoot(this.#root, target, O.PATH | O.DIRECTORY);
      }
      if (layers.length === 1 || subpath !== undefined) {
        const shown = subpath === undefined ? whole : openInRoot(whole, subpath, O.PATH | O.DIRECTORY);
        const clone = cloneMount(shown, false);
        setMountAttributes(clone, bits(["read-only", "nodev"]), {
          recursive: false,
          propagation: MS.PRIVATE,
        });
        if (layers.length > 1) unmountDetached(`/proc/self/fd/${whole}`);
        attachMount(clone, place);
        close(clone);
      }
      for (const fd of [place, whole]) close(fd);
    });
  }

  #fileSystem(operation: Of<"filesystem">): void {
    attempt(`mount ${operation.type} on ${operation.target}`, () => {
      const system = operation.place === "system";
      const target = openDirectoryInRoot(this.#root, operation.target, system);
      if (!system) this.#refuseSystem(target, operation.target);
      const detached = this.#createOrSubstitute(operation);
      if (detached !== undefined) {
        attachMount(detached, target);
        close(detached);
      }
      close(target);
    });
  }

  #createOrSubstitute(operation: Of<"filesystem">): number | undefined {
    const attributes = bits(operation.attributes);
    try {
      return createMount(operation.type, operation.parameters, attributes);
    } catch (error) {
      const refused = ["EPERM", "EBUSY", "ENODEV", "EINVAL"].includes(systemErrorCode(error) ?? "");
      if (!refused || operation.otherwise === undefined) throw error;
    }
    return operation.otherwise === "skip" ? undefined : cloneOfHost(operation.target, attributes);
  }

  /** Executing and set-user-id mean nothing for a device, and are not to mean anything. */
  #hostDevice({ source, target }: Of<"host-device">): void {
    attempt(`provide the device ${target}`, () => {
      const device = openAt(AT_FDCWD, source, O.PATH | O.NOFOLLOW);
      const stat = statusOf(device);
      if (!isCharacterDevice(stat) && !isBlockDevice(stat))
        throw new BerthError("invalid-argument", `${source} is not a device node`);
      const place = openFileInRoot(this.#root, target);
      this.#refuseSystem(place, target);
      const clone = cloneMount(device, false);
      setMountAttributes(clone, bits(["nosuid", "noexec"]), { recursive: false, propagation: MS.PRIVATE });
      attachMount(clone, place);
      for (const fd of [device, place, clone]) close(fd);
    });
  }

  #shareMemory(of: Of<"shared-memory">["of"]): void {
    attempt("share /dev/shm", () => {
      const target = openDirectoryInRoot(this.#root, "/dev/shm", true);
      const shared =
        of === "joined" ? this.#means.sharedMemory : cloneOfHost("/dev/shm", sharedMemoryAttributes);
      if (shared !== undefined) {
        attachMount(shared, target);
        close(shared);
      }
      close(target);
    });
  }

  #device({ name }: Of<"device">): void {
    attempt(`provide the device /dev/${name}`, () => {
      const target = openFileInRoot(this.#root, `/dev/${name}`, true);
      const clone = cloneDevice(name);
      attachMount(clone, target);
      for (const fd of [target, clone]) close(fd);
    });
  }

  #console(terminal: string): void {
    const source = openInRoot(this.#root, terminal, O.PATH, 0, RESOLVE.NO_SYMLINKS);
    const target = openFileInRoot(this.#root, "/dev/console", true);
    const clone = cloneMount(source, false);
    attachMount(clone, target);
    for (const fd of [source, target, clone]) close(fd);
  }

  #link({ path, to }: Of<"link">): void {
    const slash = path.lastIndexOf("/");
    const parent = openDirectoryInRoot(this.#root, path.slice(0, slash), true);
    symbolicLinkAt(to, parent, path.slice(slash + 1));
    close(parent);
  }

  /** A file is covered by the null device, and never by what the container has at /dev/null (CVE-2025-31133). */
  #mask(path: string): void {
    const target = this.#existing(path);
    if (target === undefined) return;
    const cover = attempt(`hide ${path}`, () =>
      isDirectory(statusOf(target))
        ? createMount("tmpfs", { size: "0", mode: "755" }, bits(["read-only", "nosuid", "nodev", "noexec"]))
        : cloneDevice("null"),
    );
    attachMount(cover, target);
    close(cover);
    close(target);
  }

  /** Asks for the first one before it looks at all of them: most machines have none. */
  #maskNumbered({ directory, prefix, name }: Of<"mask-numbered">): void {
    const first = this.#existing(`${directory}/${prefix}0/${name}`);
    if (first === undefined) return;
    close(first);
    const all = openInRoot(this.#root, directory, O.RDONLY | O.DIRECTORY, 0, RESOLVE.NO_SYMLINKS);
    for (const entry of namesOf(all)) {
      if (entry.startsWith(prefix) && isDecimal(entry.slice(prefix.length)))
        this.#mask(`${directory}/${entry}/${name}`);
    }
    close(all);
  }

  /**
   * Nothing is mounted over /proc, where masks and safety checks live (CVE-2019-16884, CVE-2025-52881), and nothing
   * over the root itself, wherever the links of the image lead.
   */
  #refuseSystem(target: number, path: string): void {
    if (fileSystemMagic(target) === PROC_SUPER_MAGIC)
      throw new BerthError("denied", `cannot mount on ${path}: it is inside the container's /proc`);
    const [there, root] = [statusOf(target), statusOf(this.#root)];
    if (there.inode === root.inode && there.device === root.device)
      throw new BerthError("denied", `cannot mount on ${path}: it is the container's root directory`);
  }

  /** Through a /proc that is the kernel's, and nothing that was put over parts of it (CVE-2019-16884, CVE-2025-52881). */
  #sysctl({ key, value }: Of<"sysctl">): void {
    attempt(`set ${key} to ${JSON.stringify(value)}`, () => {
      const proc = openInRoot(this.#root, "/proc", O.PATH | O.DIRECTORY, 0, RESOLVE.NO_SYMLINKS);
      if (fileSystemMagic(proc) !== PROC_SUPER_MAGIC)
        throw new BerthError("denied", `cannot set ${key}: /proc is not the kernel's`);
      const path = `sys/${key.replace(/[./]/g, (sign) => (sign === "." ? "/" : "."))}`;
      const file = openInRoot(proc, path, O.WRONLY, 0, RESOLVE.NO_SYMLINKS | RESOLVE.NO_XDEV);
      writeAll(file, encodeText(value));
      for (const fd of [file, proc]) close(fd);
    });
  }

  #protect(path: string): void {
    const target = this.#existing(path);
    if (target === undefined) return;
    const clone = cloneMount(target, true);
    setMountAttributes(clone, MOUNT_ATTR.RDONLY, { recursive: true });
    attachMount(clone, target);
    close(clone);
    close(target);
  }

  #existing(path: string): number | undefined {
    try {
      return openInRootIfThere(this.#root, path, O.PATH, RESOLVE.NO_SYMLINKS);
    } catch (error) {
      if (systemErrorCode(error) === "ENOTDIR") return undefined;
      throw error;
    }
  }
}

/**
 * Mounts the root over a directory of its own, which needs none besides: what is mounted here is seen here only, and
 * making and removing a directory is among the slowest things that a start does on some file systems.
 */
function mountRoot(root: RootMount): number {
  return attempt("mount the root file system", () => {
    switch (root.kind) {
      case "overlay":
        mountOverlay(root);
        return openDirectory(root.writable.upper);
      case "fuse-overlayfs": // mounted by the stage before (launch.ts)
        return openDirectory(root.mountPoint);
      case "directory":
        bindToItself(openDirectory(root.path));
        return openDirectory(root.path);
    }
  });
}

function bindToItself(directory: number): void {
  const clone = cloneMount(directory, false);
  attachMount(clone, directory);
  for (const fd of [directory, clone]) close(fd);
}

/**
 * Directories go in as descriptor numbers, relative to /proc/self/fd: the option string has a page (4096 bytes),
 * and 128 layers with their real names would not fit. It also needs no escaping of `:` and `,`.
 */
function mountOverlay(root: Extract<RootMount, { kind: "overlay" }>): void {
  const lower = openHighestFirst(root.lower);
  const [upper, work] = [openDirectory(root.writable.upper), openDirectory(root.writable.work)];
  const options = [
    `lowerdir=${lower.join(":")}`,
    `upperdir=${upper}`,
    `workdir=${work}`,
    "userxattr",
    ...(root.volatile ? ["volatile"] : []),
  ];
  process.chdir("/proc/self/fd");
  mount("overlay", root.writable.upper, "overlay", 0, options.join(","));
  process.chdir("/");
  for (const fd of [...lower, upper, work]) close(fd);
}

/** Directories of the host, for which overlayfs has the opposite order. */
function openHighestFirst(directories: readonly string[]): number[] {
  const opened: number[] = [];
  for (let index = directories.length - 1; index >= 0; index--)
    opened.push(openDirectory(directories[index]!));
  return opened;
}

function openDirectory(path: string): number {
  return openAt(AT_FDCWD, path, O.PATH | O.DIRECTORY);
}

/** Layers read-only; as descriptors, because the option string has a page. */
function overlayOn(target: number, layers: readonly string[]): void {
  const lower = openHighestFirst(layers);
  process.chdir("/proc/self/fd");
  try {
    const options = `lowerdir=${lower.join(":")},userxattr`;
    mount("overlay", `/proc/self/fd/${target}`, "overlay", MS.RDONLY | MS.NODEV, options);
  } finally {
    process.chdir("/");
    for (const fd of lower) close(fd);
  }
}

/** What a bind shows (O_PATH); a part of it is looked for inside of it, whatever links are there. */
function openSource({ source, subpath }: Of<"bind">): number {
  const whole = openAt(AT_FDCWD, source, O.PATH);
  if (subpath === undefined) return whole;
  try {
    return openInRoot(whole, subpath, O.PATH);
  } finally {
    close(whole);
  }
}

/** Only the mount itself. In a user namespace the mounts of the host below it cannot be taken off (mount_namespaces(7)). */
function cloneAlone(source: number): number {
  try {
    return cloneMount(source, false);
  } catch (cause) {
    if (systemErrorCode(cause) !== "EINVAL") throw cause;
    throw new BerthError(
      "unsupported",
      "what the host has mounted below a directory cannot be left out without root",
      {
        cause,
      },
    );
  }
}

/** A detached mount of a directory of the host with all below it; undefined when the host has none. */
function cloneOfHost(path: string, attributes: number): number | undefined {
  let host: number;
  try {
    host = openDirectory(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  const clone = cloneMount(host, true);
  setMountAttributes(clone, attributes, { recursive: true, propagation: MS.PRIVATE });
  close(host);
  return clone;
}

/** A detached mount of a device of the host, after a look at its number. */
function cloneDevice(name: string): number {
  const [major, minor] = deviceNumbers[name]!;
  const source = openAt(AT_FDCWD, `/dev/${name}`, O.PATH | O.NOFOLLOW);
  if (!isDevice(source, major, minor))
    throw new BerthError("unsupported", `/dev/${name} of this machine is not the device ${major}:${minor}`);
  const clone = cloneMount(source, false);
  close(source);
  return clone;
}

function isDevice(fd: number, major: number, minor: number): boolean {
  const stat = statusOf(fd);
  return isCharacterDevice(stat) && stat.nodeMajor === major && stat.nodeMinor === minor;
}

/** Says what was being done when the kernel refused. */
function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof BerthError) throw error;
    const code = systemErrorCode(error);
    const reason = code === "ELOOP" ? "a symbolic link of the image is in the way" : messageOf(error);
    throw new BerthError(code === "ENOSPC" ? "no-space" : "denied", `cannot ${what}: ${reason}`, {
      cause: error,
    });
  }
}
