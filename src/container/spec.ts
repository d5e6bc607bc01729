import type { Capability } from "../sys/capabilities.ts";
import type { ProcessLimit } from "../sys/process-limits.ts";
import type { RootMount } from "../sys/root-mount.ts";
import type { MountAttribute } from "./operations.ts";

/** What to run, complete and free of images, layers and options: the plan is made from this and nothing else. */
export interface ContainerSpec {
  readonly root: RootMount;
  readonly readOnlyRoot: boolean;
  readonly hostname: string;
  readonly mounts: readonly ContainerMount[];
  /** Besides those that every container has. */
  readonly devices: readonly HostDevice[];
  readonly namespaces: NamespaceModes;
  readonly process: ProcessSpec;
  /** One-id mode: ids other than 0 do not exist inside. */
  readonly singleIdentity: boolean;
  /** Bytes of a private /dev/shm; undefined: there is none. */
  readonly sharedMemorySize: number | undefined;
  /** The kernel's own file systems can be written. */
  readonly privileged: boolean;
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
  /** By their names with dots; only those of namespaces that the container has for itself. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly domainname?: string;
  /** Who the caller is inside, if that is not root. */
  readonly account?: Account;
  /** A BPF program; undefined lets everything through. */
  readonly seccomp: Uint8Array | undefined;
  /** The filter tells of chown(2): somebody writes down what the program wanted. */
  readonly recordsOwners: boolean;
}

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Of the host, for files of this container. */
  readonly directory: string;
}

/** A device node of the host, and the path that it gets in the container. */
export interface HostDevice {
  readonly source: string;
  readonly target: string;
}

/** A namespace of its own, the host's, or another container's. */
export type NamespaceMode = "private" | "host" | "joined";

/** The user namespace follows: another container's where anything is joined, a new one otherwise. */
export interface NamespaceModes {
  readonly network: NamespaceMode;
  readonly ipc: NamespaceMode;
  readonly pid: NamespaceMode;
  readonly uts: NamespaceMode;
  readonly cgroup: "private" | "host";
}

/** Mounts are performed in this order; `target` is an absolute path inside the root. */
export type ContainerMount =
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly propagation: "private" | "slave";
      /** `disabled`: without what is mounted below the source; `writable`: that stays writable. */
      readonly recursive?: "disabled" | "writable";
      /** A part of the source, found without leaving it. */
      readonly subpath?: string;
      /** Everything in it is given to the program's user. */
      readonly chown?: boolean;
      /** A volume: if it is empty, first copy there what the image has at the target. */
      readonly populate: boolean;
    }
  | {
      /** Read-only. */
      readonly kind: "layers";
      /** Directories of the host, lowest first. */
      readonly layers: readonly string[];
      readonly target: string;
      /** A part of them, found without leaving them. */
      readonly subpath?: string;
    }
  | {
      readonly kind: "tmpfs";
      readonly target: string;
      readonly readOnly: boolean;
      /** Options of tmpfs(5): `size`, `mode`, `uid`, `gid` … */
      readonly options: Readonly<Record<string, string | true>>;
      readonly attributes: readonly MountAttribute[];
    };

export interface ProcessSpec {
  readonly args: readonly string[];
  /** `KEY=VALUE` */
  readonly env: readonly string[];
  readonly cwd: string;
  /** `name|uid[:group|gid]`, looked up in the root; empty is root. */
  readonly user: string;
  /** Names and ids of the root's /etc/group, besides those of the user. */
  readonly additionalGroups: readonly string[];
  /** The caller's supplementary groups stay, whatever their ids are inside. */
  readonly keepGroups: boolean;
  readonly terminal: boolean;
  /** A static init program of the host that becomes pid 1. */
  readonly init?: string;
  readonly capabilities: readonly Capability[];
  readonly noNewPrivileges: boolean;
  /** Soft and hard RLIMIT_NOFILE; undefined leaves what there is. */
  readonly limits: readonly ProcessLimit[];
  /** proc_pid_oom_score_adj(5); undefined leaves it as it is. */
  readonly oomScoreAdjustment?: number;
  readonly openFiles?: { readonly soft: string; readonly hard: string };
}
