import { writeFile } from "../sys/files.ts";
import type { MountInterpreter } from "./mount-interpreter.ts";
import { readAccountFile } from "./process-setup.ts";
import type { Account } from "./spec.ts";
import { parseGroup, parsePasswd } from "./user.ts";

/**
 * Sees to it that the container knows the caller by name: where its passwd(5) or group(5) has no such id, a copy with one
 * more line is mounted on it.
 */
export function addAccount(interpreter: MountInterpreter, account: Account): void {
  const { name, uid, gid, home, directory } = account;
  const files = [
    {
      file: "passwd",
      line: `${name}:*:${uid}:${gid}::${home}:/bin/sh`,
      ids: idsOf(parsePasswd, "uid"),
      id: uid,
    },
    { file: "group", line: `${name}:*:${gid}:`, ids: idsOf(parseGroup, "gid"), id: gid },
  ];
  for (const { file, line, ids, id } of files) {
    const target = `/etc/${file}`;
    const text = readAccountFile(interpreter.root, target);
    if (ids(text).includes(id)) continue;
    const source = `${directory}/${file}`;
    writeFile(source, `${text.replace(/[^\n]$/, "$&\n")}${line}\n`, 0o644);
    const bind = {
      kind: "bind",
      source,
      target,
      readOnly: false,
      propagation: "private",
      populate: false,
    } as const;
    interpreter.perform(bind);
  }
}

function idsOf<K extends string>(parse: (text: string) => readonly { readonly [P in K]: number }[], key: K) {
  return (text: string) => parse(text).map((entry) => entry[key]);
}
