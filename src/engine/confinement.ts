import { maskedPaths, readOnlyPaths } from "../container/plan.ts";
import { BerthError } from "../base/errors.ts";
import { type Capability, capabilityNames, defaultCapabilities } from "../sys/capabilities.ts";
import type { IsolationOptions } from "./isolation-options.ts";

/** What a container's processes may do, made of what was asked for. */
export interface Confinement {
  readonly capabilities: readonly Capability[];
  /** A profile is its JSON. */
  readonly seccomp: "builtin" | "unconfined" | { readonly profile: string };
  readonly noNewPrivileges: boolean;
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
}

export function confinementOf(options: IsolationOptions): Confinement {
  const privileged = options.privileged ?? false;
  const security = new Map<string, string>(); // the last of a name counts
  for (const option of options.securityOptions ?? []) {
    const equals = option.indexOf("=");
    if (equals === -1) security.set(option, "true");
    else security.set(option.slice(0, equals), option.slice(equals + 1));
  }
  const seccomp = security.get("seccomp") ?? (privileged ? "unconfined" : "builtin");
  const paths = options.systemPaths;
  return {
    capabilities: effectiveCapabilities(options),
    seccomp: seccomp === "builtin" || seccomp === "unconfined" ? seccomp : { profile: seccomp },
    noNewPrivileges: security.get("no-new-privileges") === "true",
    maskedPaths: paths?.masked ?? (privileged ? [] : maskedPaths),
    readOnlyPaths: paths?.readOnly ?? (privileged ? [] : readOnlyPaths),
  };
}

/** Docker's rules: all of them beats a drop of all, which beats the default (moby oci/caps/utils.go). */
export function effectiveCapabilities({
  privileged,
  capAdd = [],
  capDrop = [],
}: Pick<IsolationOptions, "privileged" | "capAdd" | "capDrop">): readonly Capability[] {
  if (privileged) return capabilityNames;
  const add = named("CapAdd", capAdd);
  const drop = named("CapDrop", capDrop);
  if (capAdd.includes("ALL")) return capabilityNames.filter((name) => !drop.includes(name));
  const kept = capDrop.includes("ALL") ? [] : defaultCapabilities.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add])];
}

function named(list: string, names: readonly string[]): Capability[] {
  return names
    .filter((name) => name !== "ALL")
    .map((name) => {
      const known = capabilityNames.find((capability) => `CAP_${capability}` === name);
      if (known === undefined)
        throw new BerthError(
          "invalid-argument",
          `invalid ${list}: unknown capability: ${JSON.stringify(name)}`,
        );
      return known;
    });
}
