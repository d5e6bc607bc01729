import { isDecimal } from "../base/decimal.ts";
import { BerthError } from "../base/errors.ts";

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; always holds `gid` (CVE-2022-2989). */
  readonly groups: readonly number[];
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const highestId = 2 ** 31 - 1;

/** An id in plain decimal; signs, blanks, line ends and what does not fit are not ids. */
function parseId(text: string): number | undefined {
  if (!isDecimal(text, 10)) return undefined;
  const id = Number(text);
  return id <= highestId ? id : undefined;
}

/** Entries of passwd(5); malformed lines are skipped, as glibc does. */
export function parsePasswd(text: string): PasswdEntry[] {
  const entries: PasswdEntry[] = [];
  for (const line of text.split("\n")) {
    const [name, , uid, gid, , home] = line.split(":");
    const user = parseId(uid ?? "");
    const group = parseId(gid ?? "");
    if (!name || user === undefined || group === undefined) continue;
    entries.push({ name, uid: user, gid: group, home: home ?? "" });
  }
  return entries;
}

/** Entries of group(5). */
export function parseGroup(text: string): GroupEntry[] {
  const entries: GroupEntry[] = [];
  for (const line of text.split("\n")) {
    const [name, , gid, members] = line.split(":");
    const group = parseId(gid ?? "");
    if (!name || group === undefined) continue;
    entries.push({ name, gid: group, members: members ? members.split(",") : [] });
  }
  return entries;
}

/**
 * Who `USER` or `--user` (`name|uid[:group|gid]`) is, in a root whose /etc/passwd and /etc/group have these texts.
 * A number is always an id, so that no image can have an account called "1000" that is root; it need not have an
 * account, and its group is then 0. With an explicit group there are no supplementary ones.
 */
export function resolveUser(user: string, passwd: string, group: string): Identity {
  const [userPart = "", groupPart, ...rest] = user.split(":");
  if (rest.length > 0 || groupPart === "") {
    throw new BerthError("invalid-argument", `invalid user specification ${JSON.stringify(user)}`, {
      hint: "use name, uid, name:group or uid:gid",
    });
  }
  const accounts = parsePasswd(passwd);
  const groups = parseGroup(group);

  const wanted = userPart === "" ? "0" : userPart;
  const numeric = parseId(wanted);
  const account = numeric === undefined ? named(accounts, wanted) : withUid(accounts, numeric);
  const uid = account?.uid ?? numeric;
  if (uid === undefined) {
    throw new BerthError(
      "invalid-argument",
      `unable to find user ${printable(wanted)}: no matching entries in passwd file`,
    );
  }

  let gid = account?.gid ?? 0;
  const supplementary: number[] = [];
  if (groupPart === undefined) {
    if (account !== undefined) {
      for (const entry of groups) if (entry.members.includes(account.name)) supplementary.push(entry.gid);
    }
  } else {
    const byNumber = parseId(groupPart);
    const found = byNumber ?? named(groups, groupPart)?.gid;
    if (found === undefined) {
      throw new BerthError(
        "invalid-argument",
        `unable to find group ${printable(groupPart)}: no matching entries in group file`,
      );
    }
    gid = found;
  }
  return { uid, gid, groups: [...new Set([gid, ...supplementary])], home: account?.home || "/" };
}

function named<T extends { readonly name: string }>(entries: readonly T[], name: string): T | undefined {
  for (const entry of entries) if (entry.name === name) return entry;
  return undefined;
}

function withUid(accounts: readonly PasswdEntry[], uid: number): PasswdEntry | undefined {
  for (const account of accounts) if (account.uid === uid) return account;
  return undefined;
}

/** The same with groups of `--group-add`: names of the root's /etc/group, or ids. */
export function withGroups(identity: Identity, names: readonly string[], group: string): Identity {
  if (names.length === 0) return identity;
  const entries = parseGroup(group);
  const added = names.map((name) => {
    const gid = parseId(name) ?? named(entries, name)?.gid;
    if (gid !== undefined) return gid;
    throw new BerthError(
      "invalid-argument",
      `unable to find group ${printable(name)}: no matching entries in group file`,
    );
  });
  return { ...identity, groups: [...new Set([...identity.groups, ...added])] };
}

function printable(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : JSON.stringify(text);
}
