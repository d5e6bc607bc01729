import type { RootMount } from "../sys/root-mount.ts";

/** What /proc, /sys and /dev of a container depend on. */
export interface KernelFileSystems {
  /** They can be written. */
  readonly privileged: boolean;
  readonly ipc: "private" | "host" | "joined";
  readonly singleIdentity: boolean;
  /** Bytes of a private /dev/shm; undefined: there is none. */
  readonly sharedMemorySize: number | undefined;
}

/**
 * What init does to build the container's view of the world, in order, as plain data. Sources are paths of the host,
 * targets are absolute paths inside the new root and are resolved there, never on the host.
 */
export type Operation =
  | { readonly kind: "root"; readonly root: RootMount }
  /** What kernel-file-systems.ts makes of it. */
  | ({ readonly kind: "kernel" } & KernelFileSystems)
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly propagation: "private" | "slave";
      readonly recursive?: "disabled" | "writable";
      readonly subpath?: string;
      readonly chown?: boolean;
      readonly populate: boolean;
    }
  | {
      readonly kind: "layers";
      readonly layers: readonly string[];
      readonly target: string;
      readonly subpath?: string;
    }
  | {
      readonly kind: "filesystem";
      readonly type: "tmpfs" | "proc" | "sysfs" | "devpts" | "mqueue" | "cgroup2";
      readonly target: string;
      readonly parameters: Readonly<Record<string, string | true>>;
      readonly attributes: readonly MountAttribute[];
      /** `system`: our own mount, whose target must be a plain directory, not a link. */
      readonly place: "system" | "user";
      /** Where the kernel refuses (a /proc or /sys that is partly hidden already): bind the host's, or go without. */
      readonly otherwise?: "bind-host" | "skip";
    }
  | { readonly kind: "device"; readonly name: string }
  | { readonly kind: "host-device"; readonly source: string; readonly target: string }
  /** /dev/shm is the host's or, already opened, another container's. */
  | { readonly kind: "shared-memory"; readonly of: "host" | "joined" }
  /** `/dev/console` is the terminal at this path of the root. */
  | { readonly kind: "console"; readonly terminal: string }
  | { readonly kind: "link"; readonly path: string; readonly to: string }
  /** `key` with dots, as sysctl(8) shows it; a slash stands for a dot that is part of a name. */
  | { readonly kind: "sysctl"; readonly key: string; readonly value: string }
  | { readonly kind: "domainname"; readonly name: string }
  | { readonly kind: "mask"; readonly path: string }
  /** Masks `<directory>/<prefix><number>/<name>` for every number, as far as number 0 has it. */
  | {
      readonly kind: "mask-numbered";
      readonly directory: string;
      readonly prefix: string;
      readonly name: string;
    }
  | { readonly kind: "protect"; readonly path: string }
  | { readonly kind: "working-directory"; readonly path: string }
  | { readonly kind: "protect-root" }
  | { readonly kind: "hostname"; readonly name: string };

export type MountAttribute =
  | "read-only"
  | "nosuid"
  | "nodev"
  | "noexec"
  | "noatime"
  | "strictatime"
  | "nodiratime";
