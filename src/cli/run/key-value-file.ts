import { BerthError, messageOf } from "../../base/errors.ts";
import { resolve } from "../../base/posix-path.ts";
import { readBytes } from "../../sys/files.ts";
import { meaningOf } from "../../sys/system-call-error.ts";

export type KeyValueKind = "env" | "label";

/** Reads `--env-file` and `--label-file`; see `parseKeyValueLines`. Errors name the file. */
export function readKeyValueFile(
  kind: KeyValueKind,
  path: string,
  workingDirectory: string,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  let bytes: Uint8Array;
  try {
    bytes = readBytes(resolve(workingDirectory, path));
  } catch (cause) {
    throw new BerthError("invalid-argument", `open ${path}: ${meaningOf(cause)}`, { cause });
  }
  try {
    return parseKeyValueLines(kind, bytes, env);
  } catch (cause) {
    throw new BerthError("invalid-argument", `invalid ${kind} file (${path}): ${messageOf(cause)}`, {
      cause,
    });
  }
}

/**
 * Lines of `KEY=VALUE` as Docker reads them (docker/cli pkg/kvfile): UTF-8 with an optional byte order mark; blanks
 * before a line are dropped; empty lines and lines that begin with `#` are skipped; quotes and everything else in a
 * value stay as they are. In an env file a lone `KEY` takes the caller's value and is left out where there is none.
 */
export function parseKeyValueLines(
  kind: KeyValueKind,
  bytes: Uint8Array,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text: string;
  try {
    text = decoder.decode(bytes); // drops the byte order mark
  } catch {
    throw new BerthError("invalid-argument", "it is not valid UTF-8");
  }
  const entries: string[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\r$/, "").replace(/^[ \t\v\f]+/, "");
    if (line === "" || line.startsWith("#")) continue;
    if (line.includes("\0")) throw new BerthError("invalid-argument", "a line contains NUL");
    const equals = line.indexOf("=");
    const key = equals === -1 ? line : line.slice(0, equals);
    if (key === "") throw new BerthError("invalid-argument", `no variable name on line '${line}'`);
    if (/\s/.test(key)) throw new BerthError("invalid-argument", `variable '${key}' contains whitespaces`);
    if (equals !== -1) entries.push(line);
    else if (kind === "label") entries.push(line);
    else if (env[key] !== undefined) entries.push(`${key}=${env[key]}`);
  }
  return entries;
}
