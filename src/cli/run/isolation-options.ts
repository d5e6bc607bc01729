import { BerthError } from "../../base/errors.ts";
import { parseSize } from "../../base/parse-size.ts";
import type { IsolationOptions } from "../../engine/isolation-options.ts";
import type { NetworkOption } from "../../engine/run-options.ts";
import type { FlagValues } from "../flags/spec.ts";
import { parseCapabilities } from "./capability-option.ts";
import { deviceOptions } from "./device-option.ts";
import type { isolationFlags } from "./isolation-flags.ts";
import { parseLimits } from "./limit-option.ts";
import { parseSecurityOptions } from "./security-option.ts";
import { parseSysctls } from "./sysctl-option.ts";

type Flags = FlagValues<typeof isolationFlags>;
type Namespaces = Pick<IsolationOptions, "userns" | "cgroupns" | "ipc" | "pid" | "uts">;

export function isolationOptions(
  flags: Flags,
  {
    network,
    workingDirectory,
    hostname,
  }: {
    readonly network: NetworkOption["kind"];
    readonly workingDirectory: string;
    readonly hostname?: string | undefined;
  },
): IsolationOptions {
  refuseForeign(flags);
  const namespaces = namespaceOptions(flags);
  if (hostname && namespaces.uts !== undefined)
    throw new BerthError("usage", "conflicting options: hostname and the UTS mode");
  const { privileged } = flags;
  const sharedMemorySize = flags["shm-size"] ? parseSize(flags["shm-size"]) : 0;
  return {
    ...namespaces,
    ...parseCapabilities(flags["cap-add"], flags["cap-drop"]),
    ...(privileged ? { privileged } : {}),
    ...parseSecurityOptions(flags["security-opt"], privileged, workingDirectory),
    ...deviceOptions(flags.device, flags.gpus),
    ...unlessEmpty("groupAdd", groups(flags["group-add"])),
    ...unlessEmpty("limits", parseLimits(flags.ulimit)),
    ...unlessEmpty(
      "sysctls",
      parseSysctls(flags.sysctl, { network: network === "host", ipc: namespaces.ipc === "host" }),
    ),
    ...unlessEmpty("annotations", Object.fromEntries(flags.annotation.map(annotation))),
    ...(sharedMemorySize > 0 ? { sharedMemorySize } : {}),
    ...inRange("oomScoreAdjustment", flags["oom-score-adj"]),
    ...(flags.domainname ? { domainname: domainname(flags.domainname) } : {}),
  };
}

/** What other engines, machines and users have. */
function refuseForeign(flags: Flags): void {
  if (flags["device-cgroup-rule"].length > 0)
    throw new BerthError(
      "unsupported",
      "--device-cgroup-rule needs root: a user cannot limit devices in cgroups",
      {
        hint: "a container has only the devices that --device names, and may do with them what this user may",
      },
    );
  if (flags.isolation && flags.isolation !== "default")
    throw new BerthError("invalid-argument", `invalid isolation '${flags.isolation}' on linux`);
  if (flags.runtime && flags.runtime !== "berth")
    throw new BerthError("invalid-argument", `unknown or invalid runtime name: ${flags.runtime}`, {
      hint:
        flags.runtime === "nvidia"
          ? "--gpus all needs no runtime of its own"
          : "berth runs containers itself",
    });
  if (!flags["disable-content-trust"])
    throw new BerthError("unsupported", "--disable-content-trust=false: berth has no content trust", {
      hint: "name an image by its digest to be certain of what it is",
    });
}

/** `private` is what a container has unasked; `container:` with nothing behind it names none. */
function namespaceOptions(flags: Flags): Namespaces {
  const chosen: { -readonly [K in keyof Namespaces]: Namespaces[K] } = {};
  const mayJoin = (mode: string) => mode === "host" || /^container:./.test(mode);
  const invalid = (flag: string, kind: string) => new BerthError("usage", `--${flag}: invalid ${kind} mode`);
  if (flags.ipc && flags.ipc !== "private") {
    if (!mayJoin(flags.ipc) && flags.ipc !== "shareable" && flags.ipc !== "none") throw invalid("ipc", "IPC");
    chosen.ipc = flags.ipc;
  }
  for (const name of ["pid", "uts"] as const) {
    const mode = flags[name];
    if (!mode || mode === "private") continue;
    if (!mayJoin(mode)) throw invalid(name, name.toUpperCase());
    chosen[name] = mode;
  }
  if (flags.userns) chosen.userns = userNamespace(flags.userns);
  if (flags.cgroupns === "host" || flags.cgroupns === "private") chosen.cgroupns = flags.cgroupns;
  else if (flags.cgroupns) throw invalid("cgroupns", "CGROUP");
  return chosen;
}

/** `host` is the usual map: a rootless container cannot have less, and has no more. */
function userNamespace(mode: string): string {
  if (mode === "host" || /^keep-id(?::(?:uid|gid)=\d{1,9}(?:,(?:uid|gid)=\d{1,9})?)?$/.test(mode))
    return mode;
  if (/^(auto|nomap|ns|container|private|keep-id)\b/.test(mode))
    throw new BerthError("unsupported", `--userns=${mode} is not supported`, {
      hint: "every container has a user namespace of its own; keep-id[:uid=N,gid=N] keeps this user's ids, host is the usual map, in which this user is root",
    });
  throw new BerthError("usage", "--userns: invalid USER mode");
}

const keepGroups = "keep-groups";

function groups(names: readonly string[]): readonly string[] {
  if (names.includes(keepGroups) && names.length > 1)
    throw new BerthError(
      "usage",
      "the '--group-add keep-groups' option is not allowed with any other --group-add options",
    );
  return names;
}

function annotation(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1)
    throw new BerthError("usage", `invalid annotation '${text}': must be in the form key=value`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function inRange(key: "oomScoreAdjustment", score: number | undefined) {
  if (score === undefined || score === 0) return {};
  if (score >= -1000 && score <= 1000) return { [key]: score };
  throw new BerthError(
    "invalid-argument",
    `Invalid value ${score}, range for oom score adj is [-1000, 1000]`,
  );
}

/** setdomainname(2) takes 64 bytes. */
function domainname(name: string): string {
  if (/^[a-zA-Z0-9_.-]{1,64}$/.test(name)) return name;
  throw new BerthError("invalid-argument", `invalid domainname format: ${name}`);
}

function unlessEmpty<K extends string, V extends object>(key: K, value: V): { [P in K]?: V } {
  return (Object.keys(value).length > 0 ? { [key]: value } : {}) as { [P in K]?: V };
}
