import type { ProcessLimit } from "../sys/process-limits.ts";

/**
 * How far a container is shut off from the machine and what it may do there, as `run` and `create` were asked for it.
 * Everything is as Docker's inspect shows it; what is not there has Docker's default.
 */
export interface IsolationOptions {
  /** `CAP_NET_ADMIN` or `ALL`. */
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  /** Checked; a seccomp profile is there in full, so that a later start needs no file. */
  readonly securityOptions?: readonly string[];
  /** Hidden and read-only paths of /proc and /sys, where they are not the usual ones. */
  readonly systemPaths?: { readonly masked: readonly string[]; readonly readOnly: readonly string[] };
  /** Names and ids of groups of the container; `keep-groups` alone keeps those of the caller. */
  readonly groupAdd?: readonly string[];
  /** `shareable`, `none`, `host` or `container:<id or name>`. */
  readonly ipc?: string;
  /** `host` or `container:<id or name>`; so for the next. */
  readonly pid?: string;
  readonly uts?: string;
  /** `host` or `keep-id[:uid=N,gid=N]`. */
  readonly userns?: string;
  readonly cgroupns?: "host" | "private";
  readonly devices?: readonly DeviceOption[];
  readonly deviceRequests?: readonly DeviceRequest[];
  readonly limits?: readonly ProcessLimit[];
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Bytes of /dev/shm. */
  readonly sharedMemorySize?: number;
  readonly oomScoreAdjustment?: number;
  readonly domainname?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A device, or a directory of devices, of the host. */
export interface DeviceOption {
  readonly source: string;
  readonly target: string;
  /** Of `rwm`. */
  readonly permissions: string;
}

/** `--gpus` and CDI names, as Docker's DeviceRequests. */
export interface DeviceRequest {
  /** `cdi`, or empty for GPUs. */
  readonly driver: string;
  /** -1 is all of them. */
  readonly count: number;
  readonly ids: readonly string[];
  readonly capabilities: readonly (readonly string[])[];
}
