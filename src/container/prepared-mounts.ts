import { O } from "../sys/kernel-numbers.ts";
import { close } from "../sys/files.ts";
import { cloneMount, createMount, openInRoot } from "../sys/libc.ts";
import { defaultSharedMemorySize, kernelFileSystems } from "./kernel-file-systems.ts";
import { MountInterpreter, type PreparedMount } from "./mount-interpreter.ts";
import type { KernelFileSystems } from "./operations.ts";
import { rehearse } from "./rehearsal.ts";

/** What nearly every container has. */
const usual: KernelFileSystems = {
  privileged: false,
  ipc: "private",
  singleIdentity: false,
  sharedMemorySize: defaultSharedMemorySize,
};

/**
 * The usual /proc, /sys and /dev, made while nobody knows yet whose they will be and for what root: init waits for its
 * order longer than this takes. They are in a root that stands in for that one, is attached nowhere, and goes with its
 * descriptor.
 */
export class PreparedMounts {
  #standIn: number | undefined;

  /**
   * What fails here is left to the order: before Linux 6.15 nothing can be mounted on what is not attached. So is what is
   * not begun when there is no time any more.
   */
  prepare(hasTime: () => boolean): void {
    if (!hasTime()) return;
    try {
      const root = createMount("tmpfs", { mode: "755" }, 0);
      const interpreter = new MountInterpreter({ root });
      for (const operation of kernelFileSystems(usual)) interpreter.perform(operation);
      this.#standIn = root;
      if (hasTime()) rehearse(root);
    } catch {}
  }

  /** Copies, which come after the root in every list of mounts, of what is as `wanted`. The caller closes them. */
  take(wanted: KernelFileSystems): readonly PreparedMount[] {
    const root = this.#standIn;
    const fits =
      wanted.privileged === usual.privileged &&
      wanted.ipc === usual.ipc &&
      wanted.singleIdentity === usual.singleIdentity &&
      wanted.sharedMemorySize === usual.sharedMemorySize;
    if (root === undefined || !fits) return [];
    const mounts: PreparedMount[] = [];
    try {
      for (const target of ["/proc", "/sys", "/dev"]) {
        const prepared = openInRoot(root, target, O.PATH | O.DIRECTORY);
        mounts.push({ target, mount: cloneMount(prepared, true) });
        close(prepared);
      }
    } catch {
      for (const { mount } of mounts.splice(0)) close(mount); // the order has them made anew
    }
    return mounts;
  }
}
