import { isDecimal } from "../base/decimal.ts";
import { readText } from "./files.ts";

/** A run of `count` ids: `inside` in the namespace is `outside` on the host (user_namespaces(7), uid_map). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/**
 * Which ids this user has inside a namespace.
 * `subordinate`: root is the user, 1..N are subordinate ids. `single`: only the user's own id, as root.
 */
export type IdentityMap =
  | { readonly mode: "subordinate"; readonly uids: readonly IdRange[]; readonly gids: readonly IdRange[] }
  | {
      readonly mode: "single";
      readonly reason: string;
      readonly uids: readonly IdRange[];
      readonly gids: readonly IdRange[];
    };

/** The ranges of one user in the text of /etc/subuid or /etc/subgid (subuid(5): `name-or-uid:start:count`). */
export function parseSubordinateIds(
  text: string,
  user: string,
  uid: number,
): Array<{ start: number; count: number }> {
  const ranges: Array<{ start: number; count: number }> = [];
  for (const line of text.split("\n")) {
    const [owner, start, count, ...rest] = line.trim().split(":");
    if (rest.length > 0 || (owner !== user && owner !== String(uid))) continue;
    if (!isDecimal(start ?? "") || !isDecimal(count ?? "") || Number(count) === 0) continue;
    ranges.push({ start: Number(start), count: Number(count) });
  }
  return ranges;
}

function mapFrom(own: number, ranges: ReadonlyArray<{ start: number; count: number }>): IdRange[] {
  let inside = 1;
  const map: IdRange[] = [{ inside: 0, outside: own, count: 1 }];
  for (const { start, count } of ranges) {
    map.push({ inside, outside: start, count });
    inside += count;
  }
  return map;
}

/**
 * The name of an account, from the text of /etc/passwd, or else from the system's other sources (LDAP, SSSD …), which
 * id(1) knows how to ask. Never from `$USER`, which anything may have set. Undefined for a uid without an account.
 */
export function userNameOf(uid: number, passwd: string): string | undefined {
  for (const line of passwd.split("\n")) {
    const [name, , id] = line.split(":", 3);
    if (id === String(uid)) return name;
  }
  if (!asked.has(uid)) asked.set(uid, askForName(uid));
  return asked.get(uid);
}

/** A start may want to know twice, and whoever answers may be far away. */
const asked = new Map<number, string | undefined>();

function askForName(uid: number): string | undefined {
  if (Bun.which("id") === null) return undefined;
  const { stdout, success } = Bun.spawnSync(["id", "-un", "--", String(uid)], { stderr: "ignore" });
  return success ? stdout.toString().trim() : undefined;
}

let own: IdentityMap | undefined;

/** The map of the calling user, found out once: a start wants to know twice. */
export function ownIdentityMap(): IdentityMap {
  own ??= detectIdentityMap(readText);
  return own;
}

/** Where a shell looks that starts those programs with an empty environment. */
const shellsPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The map of the calling user, from /etc/subuid, /etc/subgid and the presence of newuidmap and newgidmap. */
export function detectIdentityMap(readText: (path: string) => string): IdentityMap {
  const read = (path: string) => {
    try {
      return readText(path);
    } catch {
      return "";
    }
  };
  const uid = process.getuid!();
  const gid = process.getgid!();
  const single = (reason: string): IdentityMap => ({
    mode: "single",
    reason,
    uids: mapFrom(uid, []),
    gids: mapFrom(gid, []),
  });
  const name = userNameOf(uid, read("/etc/passwd")) ?? String(uid);
  const uids = parseSubordinateIds(read("/etc/subuid"), name, uid);
  const gids = parseSubordinateIds(read("/etc/subgid"), name, uid);
  if (uids.length === 0) return single(`no entry for ${name} in /etc/subuid`);
  if (gids.length === 0) return single(`no entry for ${name} in /etc/subgid`);
  for (const program of ["newuidmap", "newgidmap"]) {
    if (Bun.which(program, { PATH: process.env.PATH ?? shellsPath }) === null)
      return single(`${program} is not installed`);
  }
  return { mode: "subordinate", uids: mapFrom(uid, uids), gids: mapFrom(gid, gids) };
}
