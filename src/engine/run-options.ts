import type { PastaOptions } from "../network/pasta.ts";
import type { SlirpOptions } from "../network/slirp4netns.ts";
import type { ContainerPort, PortMapping } from "../oci/ports.ts";
import type { ResourceLimits } from "../sys/resource-limits.ts";
import type { Healthcheck } from "../oci/types.ts";
import type { IsolationOptions } from "./isolation-options.ts";

/** What `run` and `create` were asked for: parsed once by the CLI, validated by the engine, stored with the container. */
export interface RunOptions extends IsolationOptions {
  /** As typed. */
  readonly image: string;
  /** The words after the image; they belong to the command, whatever they look like. */
  readonly command: readonly string[];
  readonly name?: string;
  readonly remove: boolean;
  readonly interactive: boolean;
  readonly terminal: boolean;
  /** `KEY=VALUE`, or `KEY` to take the caller's value; env files already read, in order, before the `-e` ones. */
  readonly env: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  /** `undefined`: the image's; an empty string resets it. */
  readonly entrypoint?: string;
  readonly mounts: readonly MountOption[];
  /** Containers whose volumes and binds this one gets, too. */
  readonly volumesFrom?: readonly VolumesFrom[];
  readonly readOnly: boolean;
  readonly hostname?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cidfile?: string;
  readonly pull: "always" | "missing" | "never";
  readonly platform?: string;
  readonly init: boolean;
  readonly network: NetworkOption;
  readonly ports?: PortOptions;
  readonly names?: NameOptions;
  readonly storageDriver?: string;
  readonly stopSignal?: string;
  readonly logging?: LoggingOption;
  /** Seconds until a container that is to stop is killed; -1 is never. */
  readonly stopTimeout?: number;
  /** Its input ends with the first client that was attached to it (`run -i` without `-d`). */
  readonly stdinOnce?: boolean;
  /** What its creator was attached to, for inspect; undefined is all there is. */
  readonly attached?: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  readonly restart?: RestartPolicy;
  readonly resources?: ResourceLimits;
  /** A cgroup below which the container's own is made: a path from the root of the hierarchy, or a slice of systemd. */
  readonly cgroupParent?: string;
  /** What is undefined in it is as the image says. */
  readonly healthcheck?: Healthcheck;
}

/** `--restart`: whether a container that ended by itself is started again. */
export interface RestartPolicy {
  readonly name: "no" | "on-failure" | "always" | "unless-stopped";
  /** Of `on-failure`; 0 is without limit. */
  readonly maximumRetries: number;
}

/** `--log-driver` and `--log-opt`, checked. */
export interface LoggingOption {
  /** As asked for: whichever it is besides `none`, the log has the one format of container-log.ts. */
  readonly driver: LogDriver;
  /** As typed. */
  readonly options: Readonly<Record<string, string>>;
  /** Bytes, and number, of the files that are kept. */
  readonly maxSize?: number;
  readonly maxFiles?: number;
}

export type LogDriver = "json-file" | "k8s-file" | "local" | "none";

/** `-v`, `--mount` and `--tmpfs`, told apart by kind. `target` is absolute, in the container. */
export type MountOption =
  | {
      readonly kind: "bind";
      /** Absolute, on the host. */
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** `-v` creates a missing source directory, `--mount` does not. */
      readonly createSource: boolean;
      readonly propagation?: "private" | "rprivate" | "slave" | "rslave";
      /** `disabled` leaves out what is mounted below, `writable` leaves it writable. */
      readonly recursive?: "disabled" | "writable";
      /** `:U`: everything in it is given to the container's user. */
      readonly chown?: true;
    }
  | {
      readonly kind: "volume";
      /** Undefined: an anonymous volume. */
      readonly name?: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** Do not fill an empty volume from the image. */
      readonly noCopy: boolean;
      /** Only this part of the volume. */
      readonly subpath?: string;
      /** Of a volume that has to be made. */
      readonly labels?: Readonly<Record<string, string>>;
      readonly chown?: true;
    }
  | {
      /** The files of an image, read-only. */
      readonly kind: "image";
      /** As typed. */
      readonly image: string;
      readonly target: string;
      readonly readOnly: true;
      readonly subpath?: string;
    }
  | {
      readonly kind: "tmpfs";
      readonly target: string;
      readonly readOnly: boolean;
      /** Bytes. */
      readonly size?: number;
      /** Permission bits; 0o1777 if undefined. */
      readonly mode?: number;
      /** `noexec`, `exec`, `nosuid`, `uid=…` as typed, already checked. */
      readonly flags: readonly string[];
    };

export type NetworkOption =
  | { readonly kind: "none" }
  | { readonly kind: "host" }
  /** The network of another container; id or name as typed. */
  | { readonly kind: "container"; readonly container: string }
  | { readonly kind: "slirp4netns"; readonly options?: SlirpOptions }
  | { readonly kind: "pasta"; readonly options?: PastaOptions }
  | { readonly kind: "networks"; readonly networks: readonly NetworkRequest[] };

/** A user-defined network that a container shall be connected to. */
export interface NetworkRequest {
  /** Name or id. */
  readonly network: string;
  readonly aliases: readonly string[];
  /** `--ip` */
  readonly address?: string;
  /** `--ip6` */
  readonly address6?: string;
}

/** `-p`, `-P` and `--expose`. */
export interface PortOptions {
  readonly mappings: readonly PortMapping[];
  /** All that the image and `--expose` name, at ports that are free. */
  readonly publishAll: boolean;
  readonly exposed: readonly ContainerPort[];
}

/** `--dns`, `--dns-search`, `--dns-option` and `--add-host`, as typed. */
export interface NameOptions {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  /** `name:address` */
  readonly hosts: readonly string[];
}

export interface VolumesFrom {
  /** Id or name. */
  readonly container: string;
  readonly readOnly: boolean;
}
