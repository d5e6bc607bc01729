import { BerthError } from "../../base/errors.ts";
import { resolve } from "../../base/posix-path.ts";
import type { MountOption } from "../../engine/run-options.ts";
import { splitCommaFields } from "../../base/comma-fields.ts";
import { parseTarget } from "./container-path.ts";
import { parseTmpfsMode, parseTmpfsSize } from "./tmpfs-option.ts";
import { checkVolumeDriver, checkVolumeName } from "./volume-option.ts";

type Propagation = NonNullable<Extract<MountOption, { kind: "bind" }>["propagation"]>;

/** The fields of one `--mount`, before it is known of which type they must be. */
interface Fields {
  type: string;
  source?: string;
  target?: string;
  readOnly?: boolean;
  createSource?: boolean;
  propagation?: Propagation;
  recursive?: "enabled" | "disabled" | "writable" | "readonly";
  noCopy?: boolean;
  subpath?: string;
  imageSubpath?: string;
  labels?: Record<string, string>;
  driver?: string;
  driverOptions?: string[];
  size?: number;
  mode?: number;
}

/** Docker's keys that berth does not have yet. */
const mayLackValue = new Set(["readonly", "ro", "volume-nocopy", "bind-nonrecursive", "bind-create-src"]);

/**
 * `--mount type=bind|volume|tmpfs,source=…,target=…,…` (docker/cli opts/mount.go): comma-separated values, keys in any
 * case, type `volume` unless said otherwise.
 */
export function parseMountOption(raw: string, workingDirectory: string): MountOption {
  const fields: Fields = { type: "volume" };
  for (const field of splitCommaFields(raw)) readField(field, fields);
  if (!["bind", "volume", "tmpfs", "image"].includes(fields.type)) {
    throw ["npipe", "cluster"].includes(fields.type)
      ? new BerthError("unsupported", `mount type "${fields.type}" is not for this machine`)
      : refuse(`mount type unknown: "${fields.type}"`);
  }
  if (fields.target === undefined) throw refuse("target is required");
  refuseForeign(fields);
  switch (fields.type) {
    case "bind":
      return bind(fields, fields.target, workingDirectory);
    case "image":
      return image(fields, fields.target);
    case "tmpfs":
      return tmpfs(fields, fields.target);
    default:
      return volume(fields, fields.target);
  }
}

function readField(field: string, fields: Fields): void {
  const equals = field.indexOf("=");
  const spelled = equals === -1 ? field : field.slice(0, equals);
  const value = equals === -1 ? undefined : field.slice(equals + 1);
  if (spelled !== spelled.trim())
    throw refuse(`invalid option '${spelled}' in '${field}': option should not have whitespace`);
  const key = spelled.toLowerCase();
  if (value === undefined && !mayLackValue.has(key))
    throw refuse(`invalid field '${field}' must be a key=value pair`);
  if (value?.trim() === "") throw refuse(`invalid value for '${key}': value is empty`);
  if (value !== undefined && value !== value.trim())
    throw refuse(`invalid value for '${key}' in '${field}': value should not have whitespace`);
  const given = value ?? "true";
  switch (key) {
    case "type":
      fields.type = given.toLowerCase();
      break;
    case "source":
    case "src":
      fields.source = given;
      break;
    case "target":
    case "dst":
    case "destination":
      fields.target = given;
      break;
    case "readonly":
    case "ro":
      fields.readOnly = switchValue(key, given);
      break;
    case "volume-nocopy":
      fields.noCopy = switchValue(key, given);
      break;
    case "bind-create-src":
      fields.createSource = switchValue(key, given);
      break;
    case "bind-nonrecursive":
      fields.recursive = switchValue(key, given) ? "disabled" : "enabled";
      break;
    case "bind-recursive":
      fields.recursive = recursive(given);
      break;
    case "volume-subpath":
      fields.subpath = given;
      break;
    case "image-subpath":
      fields.imageSubpath = given;
      break;
    case "volume-label": {
      const [name = "", ...rest] = given.split("=");
      fields.labels = { ...fields.labels, [name]: rest.join("=") };
      break;
    }
    case "volume-driver":
      fields.driver = given;
      break;
    case "volume-opt":
      fields.driverOptions = [...(fields.driverOptions ?? []), given];
      break;
    case "bind-propagation":
      fields.propagation = propagation(given);
      break;
    case "consistency":
      break; // of Docker Desktop's file sharing; Linux always is consistent
    case "tmpfs-size":
      fields.size = parseTmpfsSize(given);
      break;
    case "tmpfs-mode":
      fields.mode = parseTmpfsMode(given);
      break;
    default:
      throw refuse(`unknown option '${key}' in '${field}'`);
  }
}

function recursive(value: string): NonNullable<Fields["recursive"]> {
  if (value === "enabled" || value === "disabled" || value === "writable" || value === "readonly")
    return value;
  throw refuse(
    `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
  );
}

function propagation(value: string): Propagation {
  const mode = value.toLowerCase();
  switch (mode) {
    case "private":
    case "rprivate":
    case "slave":
    case "rslave":
      return mode;
    case "shared":
    case "rshared":
      throw new BerthError("unsupported", "a mount cannot be shared with the host from a user namespace", {
        hint: "bind-propagation=rslave lets mounts of the host appear in the container",
      });
    default:
      throw refuse(`invalid propagation mode: ${value}`);
  }
}

function switchValue(key: string, value: string): boolean {
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw refuse(
    `invalid value for '${key}': invalid boolean value (${JSON.stringify(value)}): must be one of "true", "1", "false", or "0" (default "true")`,
  );
}

/** Options of one type do not go with another. */
function refuseForeign(fields: Fields): void {
  const families = [
    ["bind", fields.propagation ?? fields.createSource ?? fields.recursive],
    ["volume", fields.noCopy ?? fields.subpath ?? fields.labels ?? fields.driver ?? fields.driverOptions],
    ["image", fields.imageSubpath],
    ["tmpfs", fields.size ?? fields.mode],
  ] as const;
  for (const [family, value] of families) {
    if (value !== undefined && fields.type !== family)
      throw refuse(`cannot mix '${family}-*' options with mount type '${fields.type}'`);
  }
}

function image({ source, readOnly, imageSubpath }: Fields, target: string): MountOption {
  if (source === undefined)
    throw refuse('invalid mount config for type "image": field Source must not be empty');
  if (readOnly === false) throw refuse('invalid mount config for type "image": an image cannot be written');
  if (imageSubpath !== undefined) checkSubpath("image", imageSubpath);
  return {
    kind: "image",
    image: source,
    target: parseTarget("image", target),
    readOnly: true,
    ...(imageSubpath === undefined ? {} : { subpath: imageSubpath }),
  };
}

function checkSubpath(type: "image" | "volume", path: string): void {
  if (path.startsWith("/") || path.split("/").includes(".."))
    throw refuse(
      `invalid mount config for type "${type}": subpath must be a relative path within the ${type}`,
    );
}

function volume(fields: Fields, target: string): MountOption {
  checkVolumeDriver(fields.driver ?? "", fields.driverOptions);
  const { source, subpath, labels } = fields;
  if (subpath !== undefined) checkSubpath("volume", subpath);
  if (subpath !== undefined && source === undefined)
    throw refuse("must not set Subpath when using anonymous volumes");
  return {
    kind: "volume",
    target: parseTarget("volume", target),
    readOnly: fields.readOnly ?? false,
    noCopy: fields.noCopy ?? false,
    ...(source === undefined ? {} : { name: checkVolumeName(source) }),
    ...(subpath === undefined ? {} : { subpath }),
    ...(labels === undefined ? {} : { labels }),
  };
}

function bind(fields: Fields, target: string, workingDirectory: string): MountOption {
  const { source } = fields;
  if (fields.recursive === "writable" && !fields.readOnly)
    throw refuse("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
  if (fields.recursive === "readonly" && (!fields.readOnly || fields.propagation !== "rprivate"))
    throw refuse(
      "option 'bind-recursive=readonly' requires 'readonly' and 'bind-propagation=rprivate' to be specified in conjunction",
    );
  if (source === undefined)
    throw refuse('invalid mount config for type "bind": field Source must not be empty');
  if (!/^(\/|\.{1,2}(\/|$))/.test(source))
    throw refuse(
      `invalid mount config for type "bind": invalid mount path: '${source}' mount path must be absolute`,
    );
  return {
    kind: "bind",
    source: resolve(workingDirectory, source),
    target: parseTarget("bind", target),
    readOnly: fields.readOnly ?? false,
    createSource: fields.createSource ?? false,
    ...(fields.propagation === undefined ? {} : { propagation: fields.propagation }),
    ...(fields.recursive === "disabled" || fields.recursive === "writable"
      ? { recursive: fields.recursive }
      : {}),
  };
}

function tmpfs(fields: Fields, target: string): MountOption {
  if (fields.source !== undefined)
    throw refuse('invalid mount config for type "tmpfs": field Source must not be specified');
  return {
    kind: "tmpfs",
    target: parseTarget("tmpfs", target),
    readOnly: fields.readOnly ?? false,
    flags: [],
    ...(fields.size === undefined ? {} : { size: fields.size }),
    ...(fields.mode === undefined ? {} : { mode: fields.mode }),
  };
}

const refuse = (message: string) => new BerthError("invalid-argument", message);
