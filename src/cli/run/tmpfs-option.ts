import { BerthError } from "../../base/errors.ts";
import type { MountOption } from "../../engine/run-options.ts";
import { parseSize } from "../../base/parse-size.ts";
import { parseTarget } from "./container-path.ts";

type TmpfsMount = Extract<MountOption, { kind: "tmpfs" }>;

/** Flags that have an effect, or say what is so: `nodev` holds always, and there is nothing that mounts could come from. */
const plainFlags = new Set(
  (
    "rw exec noexec suid nosuid nodev sync async dirsync atime noatime diratime nodiratime relatime norelatime " +
    "strictatime nostrictatime private rprivate slave rslave"
  ).split(" "),
);
const numeric = /^(?:uid|gid|nr_inodes)=\d+$/;
const impossible = new Map([
  ["dev", "no mount in a user namespace has devices that work"],
  ...["shared", "rshared", "unbindable", "runbindable"].map(
    (mode) => [mode, "nothing can be mounted from it elsewhere"] as const,
  ),
]);

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
    else if (impossible.has(option))
      throw new BerthError(
        "unsupported",
        `tmpfs option "${option}" is not supported: ${impossible.get(option)}`,
      );
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
