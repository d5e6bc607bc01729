import { BerthError } from "../../base/errors.ts";
import type { MountOption } from "../../engine/run-options.ts";
import { parseSize } from "../../base/parse-size.ts";
import { parseTarget } from "./container-path.ts";

type TmpfsMount = Extract<MountOption, { kind: "tmpfs" }>;

/** `nosuid` and `nodev` hold always. */
const plainFlags = new Set(["rw", "exec", "noexec", "nosuid", "nodev"]);
const numeric = /^(?:uid|gid|nr_inodes)=\d+$/;
const notYet = new Set(
  (
    "suid dev sync async dirsync atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime " +
    "private rprivate slave rslave shared rshared unbindable runbindable"
  ).split(" "),
);

/** `--tmpfs TARGET[:OPTION[,OPTION…]]` with the options of tmpfs(5) that Docker allows. */
export function parseTmpfsOption(raw: string): TmpfsMount {
  const colon = raw.indexOf(":");
  const target = parseTarget("tmpfs", colon === -1 ? raw : raw.slice(0, colon));
  const options = colon === -1 ? [] : raw.slice(colon + 1).split(",");
  const flags: string[] = [];
  let readOnly = false;
  let size: number | undefined;
  let mode: number | undefined;
  for (const option of options) {
    if (option === "") continue;
    if (option === "ro") readOnly = true;
    else if (option.startsWith("size=")) size = parseTmpfsSize(option.slice(5));
    else if (option.startsWith("mode=")) mode = parseTmpfsMode(option.slice(5));
    else if (plainFlags.has(option) || numeric.test(option)) flags.push(option);
    else if (notYet.has(option))
      throw new BerthError("unsupported", `tmpfs option "${option}" is not supported yet`);
    else throw new BerthError("invalid-argument", `invalid tmpfs option "${option}"`);
  }
  return {
    kind: "tmpfs",
    target,
    readOnly,
    flags,
    ...(size === undefined ? {} : { size }),
    ...(mode === undefined ? {} : { mode }),
  };
}

/** Bytes; a percentage of the memory, which the kernel would take, is not portable between machines and is refused. */
export function parseTmpfsSize(text: string): number {
  try {
    return parseSize(text);
  } catch (cause) {
    throw new BerthError("invalid-argument", `invalid value for tmpfs-size: ${text}`, { cause });
  }
}

/** Permission bits in octal, with or without the leading zero. */
export function parseTmpfsMode(text: string): number {
  const mode = /^[0-7]{1,5}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  if (mode <= 0o7777) return mode;
  throw new BerthError("invalid-argument", `invalid value for tmpfs-mode: ${text}`);
}
