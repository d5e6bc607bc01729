import { describe, expect, test } from "bun:test";
import { maskedPaths, planContainer, readOnlyPaths } from "../../../src/container/plan.ts";
import type { ContainerSpec } from "../../../src/container/spec.ts";
import { defaultCapabilities } from "../../../src/sys/capabilities.ts";

const spec: ContainerSpec = {
  root: { kind: "overlay", lower: ["/layers/a"], writable: { upper: "/u", work: "/w" }, volatile: true },
  readOnlyRoot: false,
  hostname: "box",
  mounts: [
    {
      kind: "bind",
      source: "/src",
      target: "/data",
      readOnly: true,
      propagation: "private",
      populate: false,
    },
    {
      kind: "tmpfs",
      target: "/scratch",
      readOnly: false,
      options: { size: "1024" },
      attributes: ["nosuid", "nodev", "noexec"],
    },
  ],
  namespaces: { network: "private", ipc: "private", pid: "private", uts: "private", cgroup: "private" },
  singleIdentity: false,
  recordsOwners: false,
  devices: [],
  sharedMemorySize: 65536,
  privileged: false,
  maskedPaths,
  readOnlyPaths,
  sysctls: {},
  seccomp: undefined,
  process: {
    args: ["true"],
    env: [],
    cwd: "/work",
    user: "",
    terminal: false,
    capabilities: defaultCapabilities,
    noNewPrivileges: false,
    additionalGroups: [],
    keepGroups: false,
    limits: [],
  },
};

const kinds = (plan: ReturnType<typeof planContainer>) => plan.map(({ kind }) => kind);

describe("the plan of a container", () => {
  test("begins with the root and ends with masks and the hostname", () => {
    const plan = planContainer(spec);
    expect(plan[0]).toEqual({ kind: "root", root: spec.root });
    expect(plan.at(-1)).toEqual({ kind: "hostname", name: "box" });
  });

  test("masks and protects after the mounts of the user, so that none of them uncovers anything", () => {
    const plan = planContainer(spec);
    const lastUserMount = plan.findLastIndex(({ kind }) => kind === "bind");
    expect(plan.findIndex(({ kind }) => kind === "mask")).toBeGreaterThan(lastUserMount);
    expect(plan.findIndex(({ kind }) => kind === "protect")).toBeGreaterThan(lastUserMount);
    expect(kinds(plan).filter((kind) => kind === "mask")).toHaveLength(maskedPaths.length);
    expect(kinds(plan).filter((kind) => kind === "protect")).toHaveLength(readOnlyPaths.length);
  });

  test("hides and protects what Docker does", () => {
    expect(maskedPaths).toEqual([
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
    ]);
    expect(readOnlyPaths).toEqual(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]);
    expect(planContainer(spec)).toContainEqual({
      kind: "mask-numbered",
      directory: "/sys/devices/system/cpu",
      prefix: "cpu",
      name: "thermal_throttle",
    });
  });

  test("makes the root read-only last, when all targets and the working directory are there", () => {
    const plan = planContainer({ ...spec, readOnlyRoot: true });
    const protect = plan.findIndex(({ kind }) => kind === "protect-root");
    expect(protect).toBeGreaterThan(plan.findIndex(({ kind }) => kind === "working-directory"));
    expect(kinds(planContainer(spec))).not.toContain("protect-root");
  });

  test("gives a tmpfs of the user no devices, no setuid and its own options", () => {
    const tmpfs = planContainer(spec).find(
      (item) => item.kind === "filesystem" && item.target === "/scratch",
    );
    expect(tmpfs).toMatchObject({
      place: "user",
      parameters: { mode: "1777", size: "1024" },
      attributes: ["nosuid", "nodev", "noexec"],
    });
  });

  test("puts the init program where the image cannot be in the way", () => {
    const plan = planContainer({ ...spec, process: { ...spec.process, init: "/lib/catatonit" } });
    expect(plan).toContainEqual({
      kind: "bind",
      source: "/lib/catatonit",
      target: "/dev/init",
      readOnly: true,
      propagation: "private",
      populate: false,
    });
  });
});
