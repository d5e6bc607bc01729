import { BerthError, messageOf } from "../../base/errors.ts";
import { resolve } from "../../base/posix-path.ts";
import { maskedPaths, readOnlyPaths } from "../../container/plan.ts";
import type { IsolationOptions } from "../../engine/isolation-options.ts";
import { readText } from "../../sys/files.ts";
import { meaningOf } from "../../sys/system-call-error.ts";

type SecurityOptions = Pick<IsolationOptions, "securityOptions" | "systemPaths">;

/**
 * `--security-opt` (docker/cli container/opts.go, `parseSecurityOpts`; moby daemon/daemon_unix.go, `parseSecurityOpt`),
 * and podman's `mask` and `unmask`. A seccomp profile is read here. What this engine could not enforce is refused.
 */
export function parseSecurityOptions(
  values: readonly string[],
  privileged: boolean,
  workingDirectory: string,
): SecurityOptions {
  const kept: string[] = [];
  let masked: readonly string[] = privileged ? [] : maskedPaths;
  let readOnly: readonly string[] = privileged ? [] : readOnlyPaths;
  let changed = false;
  for (const option of values) {
    const [name, value] = split(option);
    switch (name) {
      case "no-new-privileges":
        kept.push(switched(option, value));
        break;
      case "seccomp":
        kept.push(`seccomp=${seccomp(value ?? "", workingDirectory)}`);
        break;
      case "systempaths":
        if (value !== "unconfined") throw invalid(option);
        [masked, readOnly, changed] = [[], [], true];
        break;
      case "mask":
        [masked, changed] = [[...masked, ...paths(option, value)], true];
        break;
      case "unmask": {
        const shown = value === "ALL" ? () => true : matcher(paths(option, value));
        [masked, readOnly] = [masked.filter((path) => !shown(path)), readOnly.filter((path) => !shown(path))];
        changed = true;
        break;
      }
      case "label":
        if (value !== "disable") throw cannot(option, "set SELinux labels", "label=disable says what is so");
        kept.push(option);
        break;
      case "apparmor":
        if (value !== "unconfined")
          throw cannot(option, "confine with an AppArmor profile", "apparmor=unconfined says what is so");
        kept.push(option);
        break;
      default:
        throw invalid(option);
    }
  }
  return {
    ...(kept.length > 0 ? { securityOptions: kept } : {}),
    ...(changed ? { systemPaths: { masked, readOnly } } : {}),
  };
}

/** `name=value`; older scripts have a colon, and `disable` alone is of SELinux. */
function split(option: string): readonly [name: string, value: string | undefined] {
  const at = /[=:]/.exec(option)?.index;
  if (at === undefined) {
    if (option === "disable") return ["label", option];
    if (option === "no-new-privileges") return [option, undefined];
    throw invalid(option);
  }
  return [option.slice(0, at), option.slice(at + 1)];
}

function switched(option: string, value: string | undefined): string {
  if (value === undefined || value === "true" || value === "1") return "no-new-privileges";
  if (value === "false" || value === "0") return "no-new-privileges=false";
  throw invalid(option);
}

function seccomp(value: string, workingDirectory: string): string {
  if (value === "unconfined" || value === "builtin") return value;
  let text: string;
  try {
    text = readText(resolve(workingDirectory, value));
  } catch (cause) {
    const why = meaningOf(cause);
    throw new BerthError(
      "invalid-argument",
      `opening seccomp profile (${value}) failed: open ${value}: ${why}`,
      {
        cause,
      },
    );
  }
  try {
    JSON.parse(text);
  } catch (cause) {
    const why = `compacting json for seccomp profile (${value}) failed: ${messageOf(cause)}`;
    throw new BerthError("invalid-argument", why, { cause });
  }
  // Not through JSON.parse and back: it would round large numbers.
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
}

function paths(option: string, value: string | undefined): readonly string[] {
  const all = (value ?? "").split(":");
  if (all.every((path) => /^\/(proc|sys)\//.test(path) && !path.split("/").includes(".."))) return all;
  throw new BerthError("invalid-argument", `invalid --security-opt: ${JSON.stringify(option)}`, {
    hint: "paths below /proc and /sys are expected, with colons between them",
  });
}

/** Podman's `unmask` takes shell patterns. */
function matcher(patterns: readonly string[]): (path: string) => boolean {
  const globs = patterns.map((pattern) => new Bun.Glob(pattern));
  return (path) => globs.some((glob) => glob.match(path));
}

function invalid(option: string): BerthError {
  return new BerthError("invalid-argument", `invalid --security-opt: ${JSON.stringify(option)}`);
}

function cannot(option: string, what: string, hint: string): BerthError {
  return new BerthError("unsupported", `--security-opt ${option}: berth cannot ${what} without root`, {
    hint,
  });
}
