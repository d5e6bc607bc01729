import { BerthError } from "../base/errors.ts";
import type { ContainerSpec, NamespaceModes, ProcessSpec } from "../container/spec.ts";
import { defaultSharedMemorySize } from "../container/kernel-file-systems.ts";
import { initPath } from "../container/plan.ts";
import { makeDirectories } from "../sys/directory-entries.ts";
import { readText } from "../sys/files.ts";
import { userNameOf } from "../sys/identity.ts";
import { defaultCapabilities } from "../sys/capabilities.ts";
import { defaultSeccomp } from "../sys/default-seccomp.ts" with { type: "macro" };
import { type Confinement, confinementOf } from "./confinement.ts";
import { containerMounts, requireSources } from "./container-mounts.ts";
import type { ContainerOptions } from "./container-record.ts";
import type { DeviceEdits } from "./cdi.ts";
import { containerRoot } from "./container-root.ts";
import type { EngineContext } from "./context.ts";
import type { StartableContainer } from "./container-record.ts";
import { keptIds } from "./kept-identity.ts";
import { containerNames } from "./network/container-names.ts";
import type { RunOptions } from "./run-options.ts";

/** What belongs to this start and not to the container. */
export interface StartSurroundings {
  readonly namespaces: NamespaceModes;
  /** RLIMIT_NOFILE of whoever starts it (open-file-limit.ts). */
  readonly openFiles: ProcessSpec["openFiles"] | undefined;
  /** With one id: somebody listens to what the program wants to give to others (container/ownership/). */
  readonly recordOwners?: boolean;
}

/** The spec of one start of a container; writes its own /etc files and readies its root and writable layer. */
export async function containerSpec(
  context: EngineContext,
  container: StartableContainer,
  { namespaces, openFiles, recordOwners = false }: StartSurroundings,
): Promise<ContainerSpec> {
  const { directory, options } = container;
  makeDirectories(directory, 0o700);
  requireSources(options.mounts);
  const files = containerNames(context, container);
  const { run } = options;
  const root = await containerRoot(context, container, run.remove);
  const kept = keptIds(run);
  const confinement = confinementOf(run);
  const singleIdentity = context.identity.mode === "single";
  const devices = await deviceEdits(context, run);
  return {
    root,
    readOnlyRoot: run.readOnly,
    hostname: options.hostname,
    mounts: [
      ...files,
      ...containerMounts(context.readingStore, options.mounts, container.firstStart),
      ...devices.mounts,
    ],
    devices: devices.devices,
    namespaces,
    singleIdentity,
    sharedMemorySize: run.ipc === "none" ? undefined : (run.sharedMemorySize ?? defaultSharedMemorySize),
    privileged: run.privileged ?? false,
    maskedPaths: confinement.maskedPaths,
    readOnlyPaths: confinement.readOnlyPaths,
    sysctls: run.sysctls ?? {},
    ...(run.domainname === undefined ? {} : { domainname: run.domainname }),
    ...(kept === undefined
      ? {}
      : { account: { ...kept, name: callersName(), home: options.workdir, directory } }),
    seccomp: await seccompProgram(confinement, singleIdentity, recordOwners),
    recordsOwners: recordOwners,
    process: processSpec(context, options, { openFiles, confinement, devices }),
  };
}

function callersName(): string {
  return userNameOf(process.getuid!(), readText("/etc/passwd")) ?? "user";
}

export const noDevices: DeviceEdits = { env: [], devices: [], mounts: [], groups: [], skippedHooks: [] };

/** Most containers have no devices of the host, and load nothing for them. */
async function deviceEdits(context: EngineContext, run: RunOptions): Promise<DeviceEdits> {
  if (!run.privileged && !run.devices && !run.deviceRequests) return noDevices;
  const { allHostDevices, hostDevices } = await import("./devices.ts");
  const asked = [...(run.privileged ? allHostDevices() : []), ...hostDevices(run.devices ?? [])];
  if (!run.deviceRequests) return { ...noDevices, devices: asked };
  const { resolveDeviceRequests } = await import("./cdi.ts");
  const edits = resolveDeviceRequests(run.deviceRequests, context.configuration.cdiDirectories);
  for (const hook of edits.skippedHooks) context.warn(`the CDI hook ${hook} is not run`);
  return { ...edits, devices: [...asked, ...edits.devices] };
}

/** One-id mode needs a filter of its own, whatever else is allowed. */
export async function seccompProgram(
  { seccomp, capabilities }: Confinement,
  pretendOwnership: boolean,
  recordOwnership = false,
): Promise<Uint8Array | undefined> {
  if (typeof seccomp !== "string") {
    const { compileSeccompProfile } = await import("../sys/seccomp-profile.ts");
    return compileSeccompProfile(seccomp.profile, { capabilities, pretendOwnership });
  }
  const unconfined = seccomp === "unconfined";
  if (unconfined && !pretendOwnership) return undefined;
  const byDefault = new Set<string>(defaultCapabilities);
  if (
    !pretendOwnership &&
    capabilities.length === byDefault.size &&
    capabilities.every((name) => byDefault.has(name))
  )
    return Uint8Array.fromBase64(defaultSeccomp());
  const { compileSeccomp } = await import("../sys/seccomp.ts");
  return compileSeccomp({ capabilities, pretendOwnership, recordOwnership, unconfined });
}

interface ProcessSurroundings {
  readonly openFiles: StartSurroundings["openFiles"];
  readonly confinement: Confinement;
  readonly devices: DeviceEdits;
}

/** What a container's first program is; `exec` takes from it what it is not asked otherwise. */
export function processSpec(
  context: EngineContext,
  { run, args, env, workdir, user }: ContainerOptions,
  { openFiles, confinement, devices }: ProcessSurroundings,
): ProcessSpec {
  const keepGroups = run.groupAdd?.[0] === "keep-groups";
  const additionalGroups = keepGroups ? [] : [...(run.groupAdd ?? []), ...devices.groups];
  if (additionalGroups.length > 0 && context.identity.mode === "single")
    throw new BerthError("unsupported", `groups cannot be added: ${context.identity.reason}`, {
      hint: "with one id there is one group inside; --group-add keep-groups keeps those of the caller",
    });
  return {
    args: run.init ? [initPath, "--", ...args] : args,
    env: [...env, ...devices.env],
    cwd: workdir,
    user,
    terminal: run.terminal,
    additionalGroups,
    keepGroups,
    capabilities: confinement.capabilities,
    noNewPrivileges: confinement.noNewPrivileges || context.identity.mode === "single",
    limits: run.limits ?? [],
    ...(run.oomScoreAdjustment === undefined ? {} : { oomScoreAdjustment: run.oomScoreAdjustment }),
    ...(run.init ? { init: context.helpers.command("catatonit")[0]! } : {}),
    ...(openFiles ? { openFiles } : {}),
  };
}
