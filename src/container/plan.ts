import type { MountAttribute, Operation } from "./operations.ts";
import type { ContainerSpec } from "./spec.ts";

/** What a container may not see in /proc and /sys (security-relevant kernel state of the host). */
export const maskedPaths: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

/** What a container may see and not change. */
export const readOnlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** Not in Docker's list of paths, because there is one for each processor. */
const maskedThrottles = {
  kind: "mask-numbered",
  directory: "/sys/devices/system/cpu",
  prefix: "cpu",
  name: "thermal_throttle",
} as const;

const devices = ["null", "zero", "full", "random", "urandom", "tty"];

/** Group `tty`, which owns terminals by convention, where that id exists inside. */
const ttyGroup = 5;

/** Bytes of /dev/shm: Docker's default for `--shm-size`. */
export const defaultSharedMemorySize = 64 * 1024 * 1024;

/** Where init programs are put (catatonit for `--init`). */
export const initPath = "/dev/init";

function kernelFileSystems(spec: ContainerSpec): Operation[] {
  const system = { kind: "filesystem", place: "system", parameters: {} } as const;
  const { ipc } = spec.namespaces;
  const kernelAttributes: readonly MountAttribute[] = [
    ...(spec.privileged ? [] : (["read-only"] as const)),
    ...(["nosuid", "nodev", "noexec"] as const),
  ];
  return [
    {
      ...system,
      type: "proc",
      target: "/proc",
      attributes: ["nosuid", "nodev", "noexec"],
      otherwise: "bind-host",
    },
    {
      ...system,
      type: "sysfs",
      target: "/sys",
      attributes: kernelAttributes,
      otherwise: "bind-host",
    },
    {
      ...system,
      type: "cgroup2",
      target: "/sys/fs/cgroup",
      attributes: kernelAttributes,
      otherwise: spec.namespaces.cgroup === "host" ? "bind-host" : "skip",
    },
    {
      ...system,
      type: "tmpfs",
      target: "/dev",
      parameters: { mode: "755", size: "65536k" },
      attributes: ["nosuid"],
    },
    ...devices.map((name) => ({ kind: "device", name }) as const),
    {
      ...system,
      type: "devpts",
      target: "/dev/pts",
      parameters: {
        newinstance: true,
        ptmxmode: "0666",
        mode: "0620",
        ...(spec.singleIdentity ? {} : { gid: String(ttyGroup) }),
      },
      attributes: ["nosuid", "noexec"],
    },
    {
      ...system,
      type: "mqueue",
      target: "/dev/mqueue",
      attributes: ["nosuid", "nodev", "noexec"],
      ...(ipc === "host" ? { otherwise: "bind-host" } : {}),
    },
    ...sharedMemory(spec),
    { kind: "link", path: "/dev/ptmx", to: "pts/ptmx" },
    { kind: "link", path: "/dev/fd", to: "/proc/self/fd" },
    { kind: "link", path: "/dev/stdin", to: "/proc/self/fd/0" },
    { kind: "link", path: "/dev/stdout", to: "/proc/self/fd/1" },
    { kind: "link", path: "/dev/stderr", to: "/proc/self/fd/2" },
    { kind: "link", path: "/dev/core", to: "/proc/kcore" },
  ];
}

function sharedMemory({ namespaces: { ipc }, sharedMemorySize }: ContainerSpec): Operation[] {
  if (ipc !== "private") return [{ kind: "shared-memory", of: ipc }];
  if (sharedMemorySize === undefined) return [];
  return [
    {
      kind: "filesystem",
      place: "system",
      type: "tmpfs",
      target: "/dev/shm",
      parameters: { mode: "1777", size: String(sharedMemorySize) },
      attributes: ["nosuid", "nodev", "noexec"],
    },
  ];
}

function userMounts(spec: ContainerSpec): Operation[] {
  return spec.mounts.map((mount): Operation => {
    switch (mount.kind) {
      case "bind":
      case "layers":
        return mount;
      case "tmpfs":
        return {
          kind: "filesystem",
          type: "tmpfs",
          place: "user",
          target: mount.target,
          parameters: { mode: "1777", ...mount.options },
          attributes: [...mount.attributes, ...(mount.readOnly ? (["read-only"] as const) : [])],
        };
      default:
        return mount satisfies never;
    }
  });
}

/** The operations for a container, in the order in which init performs them. */
export function planContainer(spec: ContainerSpec): readonly Operation[] {
  const { init } = spec.process;
  return [
    { kind: "root", root: spec.root },
    ...kernelFileSystems(spec),
    ...Object.entries(spec.sysctls).map(([key, value]) => ({ kind: "sysctl", key, value }) as const),
    ...spec.devices.map((device) => ({ kind: "host-device", ...device }) as const),
    ...userMounts(spec),
    ...(init === undefined
      ? []
      : [
          {
            kind: "bind",
            source: init,
            target: initPath,
            readOnly: true,
            propagation: "private",
            populate: false,
          } as const,
        ]),
    ...spec.readOnlyPaths.map((path) => ({ kind: "protect", path }) as const),
    ...spec.maskedPaths.map((path) => ({ kind: "mask", path }) as const),
    ...(spec.maskedPaths.length > 0 ? [maskedThrottles] : []),
    { kind: "working-directory", path: spec.process.cwd },
    ...(spec.readOnlyRoot ? [{ kind: "protect-root" } as const] : []),
    ...(spec.namespaces.uts === "private" ? [{ kind: "hostname", name: spec.hostname } as const] : []),
    ...(spec.domainname === undefined ? [] : [{ kind: "domainname", name: spec.domainname } as const]),
  ];
}
