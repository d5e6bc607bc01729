import { BerthError } from "../../base/errors.ts";
import { resolve } from "../../base/posix-path.ts";
import type { MountOption, VolumesFrom } from "../../engine/run-options.ts";
import { exists } from "../../sys/files.ts";
import { parseTarget } from "./container-path.ts";

export interface VolumeSurroundings {
  /** Relative sources (`./data`) start here. */
  readonly workingDirectory: string;
  /** Whether the kernel enforces SELinux labels; where it does not, `:z` and `:Z` have nothing to do. */
  readonly hasSelinux: boolean;
}

/** The surroundings of this process. */
export function volumeSurroundings(workingDirectory: string): VolumeSurroundings {
  return { workingDirectory, hasSelinux: exists("/sys/fs/selinux/enforce") };
}

/**
 * `-v TARGET`, `-v SOURCE:TARGET` and `-v SOURCE:TARGET:MODE[,MODE…]` (moby volume/mounts/linux_parser.go). A source
 * that begins with `/` or `.` is a path of the host, anything else the name of a volume.
 */
export function parseVolumeOption(raw: string, surroundings: VolumeSurroundings): MountOption {
  const refuse = (why?: string): never => {
    throw new BerthError(
      "invalid-argument",
      `invalid volume specification: '${raw}'${why === undefined ? "" : `: ${why}`}`,
    );
  };
  const parts = raw.split(":");
  const [first = "", second, third] = parts;
  if (first === "" || parts.length > 3) return refuse();
  if (second === undefined)
    return { kind: "volume", target: within(raw, "volume", first), readOnly: false, noCopy: false };
  // `/data:ro` names no place in the container.
  if (third === undefined && second !== "" && second.split(",").every((mode) => knownModes.has(mode)))
    return refuse();
  const modes = third === undefined ? noModes : parseModes(third, surroundings);
  if (first.startsWith(".") || first.startsWith("/")) {
    if (modes.noCopy) throw invalidMode("nocopy", "it applies to volumes, not to paths of the host");
    return {
      kind: "bind",
      source: resolve(surroundings.workingDirectory, first),
      target: within(raw, "bind", second),
      readOnly: modes.readOnly,
      createSource: true,
      ...(modes.propagation === undefined ? {} : { propagation: modes.propagation }),
      ...(modes.chown ? { chown: true } : {}),
    };
  }
  if (modes.propagation !== undefined)
    throw invalidMode(modes.propagation, "propagation applies to paths of the host, not to volumes");
  return {
    kind: "volume",
    name: checkVolumeName(first),
    target: within(raw, "volume", second),
    readOnly: modes.readOnly,
    noCopy: modes.noCopy,
    ...(modes.chown ? { chown: true } : {}),
  };
}

/** `--volumes-from CONTAINER[:MODE]` (moby volume/mounts/linux_parser.go, `ParseVolumesFrom`). */
export function parseVolumesFrom(text: string): VolumesFrom {
  const [container = "", mode = "", ...rest] = text.split(":");
  if (container === "")
    throw new BerthError("invalid-argument", "volumes-from specification cannot be an empty string");
  const modes = mode.split(",").filter(Boolean);
  const wrong = rest.length > 0 ? [text] : modes.filter((each) => !["ro", "rw", "z", "Z"].includes(each));
  if (wrong.length > 0)
    throw new BerthError("invalid-argument", `invalid mode for volumes-from: ${wrong[0]}`);
  return { container, readOnly: modes.includes("ro") };
}

/** `--volume-driver`, `volume create --driver --opt`: a volume is a directory of the store, and nothing else. */
export function checkVolumeDriver(driver: string, options: readonly string[] = []): void {
  if (driver !== "local" && driver !== "")
    throw new BerthError(
      "not-found",
      `error looking up volume plugin ${driver}: plugin "${driver}" not found`,
    );
  if (options.length > 0)
    throw new BerthError("unsupported", `volume options are not supported: ${options.join(" ")}`, {
      hint: "a user cannot mount devices; --tmpfs has memory, and -v /path:/target a directory of the host",
    });
}

function within(raw: string, type: "bind" | "volume", target: string): string {
  try {
    return parseTarget(type, target);
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(error.code, `invalid volume specification: '${raw}': ${error.message}`, {
      cause: error,
    });
  }
}

/** A volume's name as Docker allows it; refuses what was meant as a path. */
export function checkVolumeName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return name;
  if (name.length === 1)
    throw new BerthError(
      "invalid-argument",
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  throw new BerthError(
    "invalid-argument",
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

type Propagation = "private" | "rprivate" | "slave" | "rslave";

interface Modes {
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  readonly propagation?: Propagation;
  readonly chown: boolean;
}

const noModes: Modes = { readOnly: false, noCopy: false, chown: false };
const knownModes = new Set(
  "rw ro z Z U nocopy private rprivate slave rslave shared rshared cached delegated consistent".split(" "),
);

function parseModes(text: string, { hasSelinux }: VolumeSurroundings): Modes {
  let access: string | undefined;
  let noCopy = false;
  let chown = false;
  let propagation: Propagation | undefined;
  for (const mode of text.split(",")) {
    switch (mode) {
      case "rw":
      case "ro":
        if (access !== undefined) throw invalidMode(text, "more than one of ro and rw");
        access = mode;
        break;
      case "z":
      case "Z":
        if (hasSelinux)
          throw new BerthError(
            "unsupported",
            `invalid mode: ${text}: relabelling for SELinux (:${mode}) is not supported yet`,
          );
        break;
      case "U":
        chown = true;
        break;
      case "nocopy":
        noCopy = true;
        break;
      case "private":
      case "rprivate":
      case "slave":
      case "rslave":
        if (propagation !== undefined) throw invalidMode(text, "more than one propagation");
        propagation = mode;
        break;
      case "shared":
      case "rshared":
        throw new BerthError(
          "unsupported",
          `invalid mode: ${text}: a mount cannot be shared with the host from a user namespace`,
          { hint: "slave and rslave let mounts of the host appear in the container" },
        );
      case "cached":
      case "delegated":
      case "consistent":
        break; // consistency of Docker Desktop's file sharing; Linux always is consistent
      default:
        throw invalidMode(text);
    }
  }
  return { readOnly: access === "ro", noCopy, chown, ...(propagation === undefined ? {} : { propagation }) };
}

function invalidMode(mode: string, why?: string): BerthError {
  return new BerthError("invalid-argument", `invalid mode: ${mode}${why === undefined ? "" : `: ${why}`}`);
}
