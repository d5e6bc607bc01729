import type { IdRange } from "../../sys/identity.ts";

/** The owner that a file gets on disk, and what must be remembered because it is not the true one. */
export interface StoredOwner {
  readonly uid: number;
  readonly gid: number;
  /** Value of `user.containers.override_stat`, as fuse-overlayfs and containers/storage read it. */
  readonly override?: string;
  /** The true owner has no id in this namespace, although there is a map. */
  readonly outsideMap: boolean;
}

export const overrideAttribute = "user.containers.override_stat";

/**
 * What a program in a container with one id wanted chown(2) to do, `uid:gid`, either of them empty where it was to stay
 * (container/ownership/). fuse-overlayfs keeps `overrideAttribute` for itself.
 */
export const wantedOwnerAttribute = "user.berth.owner";

export interface WantedOwner {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export function formatWantedOwner({ uid, gid }: WantedOwner): string {
  return `${uid ?? ""}:${gid ?? ""}`;
}

export function parseWantedOwner(value: string): WantedOwner | undefined {
  const [, uid, gid] = /^(\d{0,10}):(\d{0,10})$/.exec(value) ?? [];
  if (uid === undefined || gid === undefined) return undefined;
  return { uid: uid === "" ? undefined : Number(uid), gid: gid === "" ? undefined : Number(gid) };
}

/** Ids inside the namespace that this process may give files to. */
export interface OwnerPolicy {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** Only one id: everything belongs to the user, and nobody need be told. */
  readonly single: boolean;
}

/** `inside outside count` a line (user_namespaces(7)). */
export function parseIdMap(text: string): IdRange[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((fields) => fields.length === 3)
    .map(([inside, outside, count]) => ({ inside: inside!, outside: outside!, count: count! }));
}

export function ownerPolicyFrom(uidMap: string, gidMap: string): OwnerPolicy {
  const uids = parseIdMap(uidMap);
  const gids = parseIdMap(gidMap);
  const total = (ranges: readonly IdRange[]) => ranges.reduce((sum, range) => sum + range.count, 0);
  return { uids, gids, single: total(uids) <= 1 || total(gids) <= 1 };
}

function isMapped(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ inside, count }) => id >= inside && id < inside + count);
}

/** Root stands in for an owner that cannot be had; the true one is kept in the attribute. */
export function storedOwner(policy: OwnerPolicy, uid: number, gid: number, mode: number): StoredOwner {
  const hasUid = isMapped(policy.uids, uid);
  const hasGid = isMapped(policy.gids, gid);
  if (hasUid && hasGid) return { uid, gid, outsideMap: false };
  const override = `${uid}:${gid}:0${mode.toString(8)}`;
  return { uid: hasUid ? uid : 0, gid: hasGid ? gid : 0, override, outsideMap: !policy.single };
}

/** What the value of an override attribute says, or undefined where it is none. */
export function parseOverride(
  value: string,
): { readonly uid: number; readonly gid: number; readonly mode: number } | undefined {
  const match = /^(\d{1,10}):(\d{1,10}):0?([0-7]{1,6})(?::.*)?$/.exec(value);
  if (match === null) return undefined;
  return {
    uid: Number(match[1]),
    gid: Number(match[2]),
    mode: Number.parseInt(match[3]!, 8) & 0o7777,
  };
}
