import { BerthError } from "../base/errors.ts";
import type { IdentityMap, IdRange } from "../sys/identity.ts";
import type { IdTranslation } from "../sys/root-mount.ts";
import type { RunOptions } from "./run-options.ts";

/** Which ids the caller has inside with `--userns=keep-id[:uid=N,gid=N]`: the own ones, unless others are named. */
export interface KeptIds {
  readonly uid: number;
  readonly gid: number;
}

export function keptIds({ userns }: Pick<RunOptions, "userns">): KeptIds | undefined {
  if (!userns?.startsWith("keep-id")) return undefined;
  const asked = (name: string) => /\d+/.exec(new RegExp(`[:,]${name}=\\d+`).exec(userns)?.[0] ?? "")?.[0];
  return { uid: Number(asked("uid") ?? process.getuid!()), gid: Number(asked("gid") ?? process.getgid!()) };
}

/**
 * The map for a container with kept ids: the subordinate ids in their order, and the caller in between. It takes
 * subordinate ids, because root inside is one of them.
 */
export function keptIdentity(identity: IdentityMap, { uid, gid }: KeptIds): IdentityMap {
  if (identity.mode === "single")
    throw new BerthError("unsupported", `--userns=keep-id needs subordinate ids: ${identity.reason}`, {
      hint: "root and this user have to be two users; `berth info` says what is missing",
    });
  return { mode: "subordinate", uids: keep(identity.uids, uid), gids: keep(identity.gids, gid) };
}

/** `map` has the caller at 0 and subordinate ids from 1 on. */
function keep(map: readonly IdRange[], id: number): IdRange[] {
  const own = map.find(({ inside }) => inside === 0)!;
  const kept: IdRange[] = [];
  for (const { inside, outside, count } of map) {
    if (inside === 0) continue;
    const first = inside - 1; // the place among the subordinate ids
    const below = Math.min(Math.max(id - first, 0), count);
    if (below > 0) kept.push({ inside: first, outside, count: below });
    if (below < count)
      kept.push({ inside: first + below + 1, outside: outside + below, count: count - below });
  }
  return [...kept, { inside: id, outside: own.outside, count: 1 }].toSorted((a, b) => a.inside - b.inside);
}

/**
 * Images and writable layers are stored for the usual map, in which the caller is root. Seen through the kept map, root's
 * files are the caller's and all others one id below; this puts them right, and back.
 */
export function storedIds(identity: IdentityMap, { uid, gid }: KeptIds): IdTranslation {
  return { uids: translate(size(identity.uids), uid), gids: translate(size(identity.gids), gid) };
}

function size(map: readonly IdRange[]): number {
  return map.reduce((sum, { count }) => sum + count, 0);
}

function translate(size: number, id: number): IdTranslation["uids"] {
  const below = Math.min(id, size - 1);
  const ranges = [
    { seen: id, shown: 0, count: 1 },
    { seen: 0, shown: 1, count: below },
    { seen: id + 1, shown: id + 1, count: size - 1 - below },
  ];
  return ranges.filter(({ count }) => count > 0);
}
