import { BerthError } from "../../base/errors.ts";
import { parseGroup, parsePasswd } from "../../container/user.ts";
import { readInTree } from "./build-context.ts";
import { withTree } from "./host-tree.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Whom `--chown` or USER names, in a root made of layers (directories, lowest first). A number alone is both user and
 * group; a name brings its own group. Throws where a name is not in the root's /etc/passwd or /etc/group.
 */
export function resolveOwner(text: string, layers: readonly string[]): Owner {
  const [user = "", group, ...rest] = text.split(":");
  if (rest.length > 0)
    throw new BerthError("invalid-argument", `invalid user specification ${JSON.stringify(text)}`);
  const root = new RootAccounts(layers);
  const id = idOf(user === "" ? "0" : user);
  const account = id === undefined ? root.passwd().find(({ name }) => name === user) : { uid: id, gid: id };
  if (account === undefined)
    throw new BerthError(
      "invalid-argument",
      `unable to find user ${user}: no matching entries in passwd file`,
    );
  if (group === undefined) return { uid: account.uid, gid: account.gid };
  const gid = idOf(group) ?? root.group().find(({ name }) => name === group)?.gid;
  if (gid === undefined)
    throw new BerthError(
      "invalid-argument",
      `unable to find group ${group}: no matching entries in group file`,
    );
  return { uid: account.uid, gid };
}

function idOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : undefined;
}

class RootAccounts {
  constructor(private readonly layers: readonly string[]) {}

  passwd() {
    return parsePasswd(this.#read("etc/passwd"));
  }

  group() {
    return parseGroup(this.#read("etc/group"));
  }

  #read(path: string): string {
    return withTree(this.layers, (tree) => readInTree(tree, path)) ?? "";
  }
}
