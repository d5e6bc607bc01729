import { splitCommaFields } from "../../base/comma-fields.ts";
import { messageOf } from "../../base/errors.ts";
import { parseSize } from "../../base/parse-size.ts";
import { DockerfileError } from "../dockerfile-error.ts";
import { didYouMean } from "../suggest.ts";
import { truthOf } from "../truth.ts";

/** `RUN --mount`, with variables expanded. Targets may be relative to the working directory. */
export interface RunMount {
  readonly type: MountType;
  /** A stage, an image or a named context; empty is the build context, for a cache nothing. */
  readonly from: string;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Of a cache, secret or ssh mount; empty when not given. */
  readonly id: string;
  readonly sharing: Sharing;
  readonly required: boolean;
  /** A secret becomes this variable; empty takes the secret's id as name. */
  readonly env?: string;
  /** Bytes of a tmpfs. */
  readonly size?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

const mountTypes = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
type MountType = (typeof mountTypes)[number];
const sharings = ["shared", "private", "locked"] as const;
type Sharing = (typeof sharings)[number];

/** Keys by the names that they are given by. */
const keys: Readonly<Record<string, string>> = {
  type: "type",
  from: "from",
  source: "source",
  src: "source",
  target: "target",
  dst: "target",
  destination: "target",
  readonly: "readonly",
  ro: "readonly",
  readwrite: "readwrite",
  rw: "readwrite",
  required: "required",
  id: "id",
  sharing: "sharing",
  size: "size",
  mode: "mode",
  uid: "uid",
  gid: "gid",
  env: "env",
};

type Draft = { -readonly [K in keyof RunMount]?: RunMount[K] };

/** What can be checked before variables are known. Throws DockerfileError. */
export function checkMount(text: string): void {
  mountSource(text);
  if (!text.includes("$")) parseMount(text, (word) => word);
}

/** The `from` of a mount, which cannot have variables: it decides which stages are needed. Empty when there is none. */
export function mountSource(text: string): string {
  let from = "";
  for (const field of fieldsOf(text)) {
    const [key, value] = cut(field);
    if (key.toLowerCase() !== "from" || value === undefined) continue;
    if (/\$./.test(value))
      throw new DockerfileError("'from' doesn't support variable expansion, define alias stage instead");
    from = value;
  }
  return from;
}

/** Reads a mount. Throws DockerfileError in BuildKit's words. */
export function parseMount(text: string, expand: (word: string) => string): RunMount {
  const draft: Draft = { type: "bind" };
  for (const field of fieldsOf(text)) {
    const [given, raw] = cut(field);
    const name = given.toLowerCase();
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (raw === undefined) {
      if (key !== "readonly" && key !== "readwrite" && key !== "required")
        throw new DockerfileError(`invalid field '${field}' must be a key=value pair`);
      assign(draft, key, name, "true");
      continue;
    }
    if (key === undefined)
      throw new DockerfileError(
        `unexpected key '${name}' in '${field}'${didYouMean(name, Object.keys(keys))}`,
      );
    assign(draft, key, name, expand(raw));
  }
  return complete(draft);
}

function fieldsOf(text: string): string[] {
  try {
    return splitCommaFields(text);
  } catch (error) {
    throw new DockerfileError(`failed to parse csv mounts: ${messageOf(error)}`);
  }
}

function cut(field: string): [key: string, value: string | undefined] {
  const at = field.indexOf("=");
  return at === -1 ? [field, undefined] : [field.slice(0, at), field.slice(at + 1)];
}

function assign(draft: Draft, key: string, name: string, value: string): void {
  switch (key) {
    case "type":
      draft.type = oneOf(mountTypes, value, `unsupported mount type ${JSON.stringify(value)}`);
      return;
    case "sharing":
      draft.sharing = oneOf(sharings, value, `unsupported sharing value ${JSON.stringify(value)}`);
      return;
    case "readonly":
      draft.readOnly = truth(name, value);
      return;
    case "readwrite":
      draft.readOnly = !truth(name, value);
      return;
    case "required":
      if (draft.type !== "secret" && draft.type !== "ssh") throw misplaced(name, draft);
      draft.required = truth(name, value);
      return;
    case "size":
      if (draft.type !== "tmpfs") throw misplaced(name, draft);
      draft.size = checked(() => parseSize(value), `invalid value for ${name}: ${value}`);
      return;
    case "mode":
      if (!/^[0-7]{1,11}$/.test(value)) throw new DockerfileError(`invalid value ${value} for mode`);
      draft.mode = Number.parseInt(value, 8);
      return;
    case "uid":
    case "gid":
      if (!/^\d{1,10}$/.test(value) || Number(value) > 0xffffffff)
        throw new DockerfileError(`invalid value ${value} for ${key}`);
      draft[key] = Number(value);
      return;
    default:
      draft[key as "from" | "source" | "target" | "id" | "env"] = value;
  }
}

function complete(draft: Draft): RunMount {
  const { type = "bind" } = draft;
  if (type === "bind" || type === "tmpfs")
    for (const key of ["mode", "uid", "gid"] as const)
      if (draft[key] !== undefined)
        throw new DockerfileError(`${key} not allowed for ${JSON.stringify(type)} type mounts`);
  if (type === "secret") checkSecret(draft);
  if (draft.sharing !== undefined && type !== "cache")
    throw new DockerfileError(`invalid cache sharing set for ${type} mount`);
  return {
    ...draft,
    type,
    from: draft.from ?? "",
    source: draft.source ?? "",
    target: draft.target ?? "",
    readOnly: draft.readOnly ?? (type !== "cache" && type !== "tmpfs"),
    id: draft.id ?? "",
    sharing: draft.sharing ?? "shared",
    required: draft.required ?? false,
  };
}

function checkSecret({ from, sharing, source, target, id }: Draft): void {
  if (from) throw new DockerfileError("secret mount should not have a from");
  if (sharing !== undefined) throw new DockerfileError("secret mount should not define sharing");
  if (!source && !target && !id)
    throw new DockerfileError("invalid secret mount. one of source, target required");
  if (source && id) throw new DockerfileError("both source and id can't be set");
}

function misplaced(name: string, { type }: Draft): DockerfileError {
  return new DockerfileError(`unexpected key '${name}' for mount type '${type}'`);
}

function oneOf<const T extends string>(known: readonly T[], value: string, otherwise: string): T {
  const found = known.find((each) => each === value.toLowerCase());
  if (found === undefined) throw new DockerfileError(otherwise + didYouMean(value, known));
  return found;
}

function truth(key: string, value: string): boolean {
  const said = truthOf(value);
  if (said === undefined) throw new DockerfileError(`invalid value for ${key}: ${value}`);
  return said;
}

function checked<T>(work: () => T, otherwise: string): T {
  try {
    return work();
  } catch (cause) {
    throw new DockerfileError(otherwise, undefined, { cause });
  }
}
