/**
 * What the store keeps. Files are the truth for content, SQLite for names and states.
 * All times are ISO 8601 in UTC with milliseconds, all sizes are bytes.
 */
import type { PublishedPort } from "../oci/ports.ts";
import type { Descriptor, Digest, ImageConfig } from "../oci/types.ts";
import type { MemberIdentity } from "../sys/pid-namespace.ts";
import type { ProcessIdentity } from "../sys/process-identity.ts";

/** An image is a config; its id is the config's digest, as `docker images` shows it. */
export interface ImageRecord {
  readonly id: Digest;
  /** The manifest of the name by which it was found, else the one that came last; its bytes are a blob of the store. */
  readonly manifest: Descriptor;
  readonly config: ImageConfig;
  /** Bytes of all unpacked layers together. */
  readonly size: number;
  readonly addedAt: string;
  /** When a name was last put on it. */
  readonly taggedAt?: string;
}

/** `name` is canonical: `docker.io/library/alpine:latest`. */
export interface ImageName {
  readonly name: string;
  readonly imageId: Digest;
}

/** `repository` is canonical without tag; `digest` is of the manifest or index that the registry answered with. */
export interface RepositoryDigest {
  readonly repository: string;
  readonly digest: Digest;
  readonly imageId: Digest;
  /** The manifest of the image that the digest stands for; the image's own one where it is not known. */
  readonly manifest?: Descriptor;
}

export interface LayerRecord {
  readonly diffId: Digest;
  /** Bytes of file content when unpacked. */
  readonly size: number;
}

export type ContainerStatus =
  | "created"
  | "running"
  | "paused"
  | "restarting"
  | "removing"
  | "exited"
  | "dead";

export interface ContainerState {
  readonly status: ContainerStatus;
  /** The container's first process, as the host sees it. */
  readonly process?: ProcessIdentity;
  /** The berth process that owns the container while it runs. */
  readonly monitor?: ProcessIdentity;
  readonly exitCode?: number;
  readonly error?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly oomKilled?: boolean;
  /** Only of a container with health checks that was started; one that has ended is unhealthy, as Docker has it. */
  readonly health?: ContainerHealth;
  /** The directory of the container's cgroup, if it has one. */
  readonly cgroup?: string;
  /** Of a container that was paused by signals: its processes that were stopped already. */
  readonly stoppedBefore?: readonly MemberIdentity[];
  /** The ports of the host that lead to it. */
  readonly ports?: readonly PublishedPort[];
  /** How often the restart policy has started it. */
  readonly restarts?: number;
  /** Somebody asked its monitor to end it, or to start it anew when it has ended. */
  readonly asked?: "stop" | "restart";
}

export interface ContainerHealth {
  readonly status: "starting" | "healthy" | "unhealthy";
  /** Checks that failed one after the other until now. */
  readonly failingStreak: number;
  /** The last checks, the newest last. */
  readonly log: readonly {
    readonly start: string;
    readonly end: string;
    readonly exitCode: number;
    readonly output: string;
  }[];
}

/** A container. `options` is the engine's own record of what was asked for; the store does not look inside. */
export interface ContainerRecord {
  /** 64 lower-case hex digits */
  readonly id: string;
  readonly name: string;
  readonly imageId: Digest;
  /** What the user typed, or the familiar name. */
  readonly image: string;
  readonly createdAt: string;
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly options: unknown;
  readonly state: ContainerState;
}

export interface VolumeRecord {
  readonly name: string;
  readonly driver: "local";
  readonly labels: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
  readonly createdAt: string;
  /** Ids of the containers that mount it. */
  readonly usedBy: readonly string[];
}

/** Where the addresses of a network come from. */
export interface AddressPool {
  /** `172.18.0.0/16` */
  readonly subnet: string;
  readonly gateway: string;
  /** The part of the subnet that addresses are given from, if not all of it. */
  readonly range?: string;
  /** Addresses that are never given, by what has them. */
  readonly reserved?: Readonly<Record<string, string>>;
}

/** A network that a user has made. */
export interface NetworkRecord extends AddressPool {
  /** 64 lower-case hex digits */
  readonly id: string;
  readonly name: string;
  readonly ipv6?: AddressPool;
  /** Without a way out. */
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
}

/** That a container belongs to a network, whether it runs or not. */
export interface NetworkMembership {
  readonly networkId: string;
  readonly containerId: string;
  readonly address: string;
  /** Where the network has IPv6. */
  readonly address6?: string;
  /** Other names of the container in this network. */
  readonly aliases: readonly string[];
  /** Its number among the networks of the container; free again when it leaves. */
  readonly position: number;
}
