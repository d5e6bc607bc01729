import type { KernelFileSystems, MountAttribute, Operation } from "./operations.ts";

const devices = ["null", "zero", "full", "random", "urandom", "tty"];

/** Group `tty`, which owns terminals by convention, where that id exists inside. */
const ttyGroup = 5;

/** Bytes of /dev/shm: Docker's default for `--shm-size`. */
export const defaultSharedMemorySize = 64 * 1024 * 1024;

const harmless: readonly MountAttribute[] = ["nosuid", "nodev", "noexec"];

export function kernelAttributes(privileged: boolean): readonly MountAttribute[] {
  return privileged ? harmless : ["read-only", ...harmless];
}

/** /proc, /sys and /dev, with all that every container has there. */
export function kernelFileSystems(container: KernelFileSystems): Operation[] {
  const { privileged, ipc, singleIdentity } = container;
  const system = { kind: "filesystem", place: "system", parameters: {} } as const;
  const operations: Operation[] = [
    { ...system, type: "proc", target: "/proc", attributes: harmless, otherwise: "bind-host" },
    {
      ...system,
      type: "sysfs",
      target: "/sys",
      attributes: kernelAttributes(privileged),
      otherwise: "bind-host",
    },
    {
      ...system,
      type: "tmpfs",
      target: "/dev",
      parameters: { mode: "755", size: "65536k" },
      attributes: ["nosuid"],
    },
  ];
  for (const name of devices) operations.push({ kind: "device", name });
  operations.push(
    {
      ...system,
      type: "devpts",
      target: "/dev/pts",
      parameters: {
        newinstance: true,
        ptmxmode: "0666",
        mode: "0620",
        ...(singleIdentity ? {} : { gid: String(ttyGroup) }),
      },
      attributes: ["nosuid", "noexec"],
    },
    {
      ...system,
      type: "mqueue",
      target: "/dev/mqueue",
      attributes: harmless,
      ...(ipc === "host" ? { otherwise: "bind-host" } : {}),
    },
    ...sharedMemory(container),
    { kind: "link", path: "/dev/ptmx", to: "pts/ptmx" },
    { kind: "link", path: "/dev/fd", to: "/proc/self/fd" },
    { kind: "link", path: "/dev/stdin", to: "/proc/self/fd/0" },
    { kind: "link", path: "/dev/stdout", to: "/proc/self/fd/1" },
    { kind: "link", path: "/dev/stderr", to: "/proc/self/fd/2" },
    { kind: "link", path: "/dev/core", to: "/proc/kcore" },
  );
  return operations;
}

function sharedMemory({ ipc, sharedMemorySize }: KernelFileSystems): Operation[] {
  if (ipc !== "private") return [{ kind: "shared-memory", of: ipc }];
  if (sharedMemorySize === undefined) return [];
  return [
    {
      kind: "filesystem",
      place: "system",
      type: "tmpfs",
      target: "/dev/shm",
      parameters: { mode: "1777", size: String(sharedMemorySize) },
      attributes: harmless,
    },
  ];
}
