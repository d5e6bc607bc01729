import { kernelAttributes } from "./kernel-file-systems.ts";
import type { Operation } from "./operations.ts";
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

/** Where init programs are put (catatonit for `--init`). */
export const initPath = "/dev/init";

/** In the container's own cgroup namespace, or else the host's; init enters it when it has its order. */
function controlGroups({ privileged, namespaces }: ContainerSpec): Operation {
  return {
    kind: "filesystem",
    place: "system",
    type: "cgroup2",
    target: "/sys/fs/cgroup",
    parameters: {},
    attributes: kernelAttributes(privileged),
    otherwise: namespaces.cgroup === "host" ? "bind-host" : "skip",
  };
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
    {
      kind: "kernel",
      privileged: spec.privileged,
      ipc: spec.namespaces.ipc,
      singleIdentity: spec.singleIdentity,
      sharedMemorySize: spec.sharedMemorySize,
    },
    controlGroups(spec),
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
