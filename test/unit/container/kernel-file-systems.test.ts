import { describe, expect, test } from "bun:test";
import { kernelFileSystems } from "../../../src/container/kernel-file-systems.ts";
import type { KernelFileSystems } from "../../../src/container/operations.ts";

const usual: KernelFileSystems = {
  privileged: false,
  ipc: "private",
  singleIdentity: false,
  sharedMemorySize: 65536,
};

const find = (container: Partial<KernelFileSystems>, type: string, target: string) =>
  kernelFileSystems({ ...usual, ...container }).find(
    (item) => item.kind === "filesystem" && item.type === type && item.target === target,
  );

describe("the file systems of the kernel in a container", () => {
  test("ask for the tty group only where other ids exist", () => {
    expect(find({}, "devpts", "/dev/pts")).toMatchObject({ parameters: { gid: "5" } });
    expect(find({ singleIdentity: true }, "devpts", "/dev/pts")).not.toMatchObject({
      parameters: { gid: "5" },
    });
  });

  test("can be written only by privileged containers", () => {
    expect(find({}, "sysfs", "/sys")).toMatchObject({
      attributes: ["read-only", "nosuid", "nodev", "noexec"],
    });
    expect(find({ privileged: true }, "sysfs", "/sys")).toMatchObject({
      attributes: ["nosuid", "nodev", "noexec"],
    });
  });

  test("have shared memory of their own, of another, or none", () => {
    expect(find({}, "tmpfs", "/dev/shm")).toMatchObject({ parameters: { mode: "1777", size: "65536" } });
    expect(find({ sharedMemorySize: undefined }, "tmpfs", "/dev/shm")).toBeUndefined();
    for (const ipc of ["host", "joined"] as const) {
      expect(find({ ipc }, "tmpfs", "/dev/shm")).toBeUndefined();
      expect(kernelFileSystems({ ...usual, ipc })).toContainEqual({ kind: "shared-memory", of: ipc });
    }
  });
});
