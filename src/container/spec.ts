import type { Capability } from "../sys/capabilities.ts";
import type { RootMount } from "../sys/root-mount.ts";

/** What to run, complete and free of images, layers and options: the plan is made from this and nothing else. */
export interface ContainerSpec {
  readonly root: RootMount;
  /** An existing directory of the host on which the root is mounted, in the container's mount namespace only. */
  readonly mountPoint: string;
  readonly readOnlyRoot: boolean;
  readonly hostname: string;
  readonly mounts: readonly ContainerMount[];
  readonly network: "host" | "private";
  readonly process: ProcessSpec;
  /** One-id mode: ids other than 0 do not exist inside. */
  readonly singleIdentity: boolean;
  /** Bytes of /dev/shm. */
  readonly sharedMemorySize: number;
}

/** Mounts are performed in this order; `target` is an absolute path inside the root. */
export type ContainerMount =
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly propagation: "private" | "slave";
      /** An empty named volume: first copy there what the image has at the target. */
      readonly populate: boolean;
    }
  | {
      readonly kind: "tmpfs";
      readonly target: string;
      readonly readOnly: boolean;
      /** Options of tmpfs(5): `size`, `mode`, `uid`, `gid` … */
      readonly options: Readonly<Record<string, string>>;
      readonly noExec: boolean;
    };

export interface ProcessSpec {
  readonly args: readonly string[];
  /** `KEY=VALUE` */
  readonly env: readonly string[];
  readonly cwd: string;
  /** `name|uid[:group|gid]`, looked up in the root; empty is root. */
  readonly user: string;
  readonly terminal: boolean;
  /** A static init program of the host that becomes pid 1. */
  readonly init?: string;
  readonly capabilities: readonly Capability[];
  readonly noNewPrivileges: boolean;
  /** Soft and hard RLIMIT_NOFILE; undefined leaves what there is. */
  readonly openFiles?: { readonly soft: string; readonly hard: string };
}
