import type { Launch } from "../container/launch.ts";
import { type FuseMount, fuseMount } from "../container/namespace-command.ts";
import { planContainer } from "../container/plan.ts";
import type { ContainerSpec } from "../container/spec.ts";
import type { StartableContainer } from "./container-record.ts";
import { containerSpec, type StartSurroundings } from "./container-spec.ts";
import type { EngineContext } from "./context.ts";

/** One start of a container, all but its namespaces, as plain JSON. */
export interface PreparedStart {
  /** What init is told. */
  readonly request: Parameters<Launch["start"]>[0];
  /** The root, if fuse-overlayfs has to mount it. */
  readonly fuse?: FuseMount;
}

/** Makes ready on disk what a start of a container needs; `size` is that of the terminal, if there is one. */
export async function prepareStart(
  context: EngineContext,
  container: StartableContainer,
  surroundings: StartSurroundings,
  size?: PreparedStart["request"]["windowSize"],
): Promise<PreparedStart> {
  const spec = await containerSpec(context, container, surroundings);
  const fuse = fuseMount(spec.root);
  return { request: requestOf(spec, size), ...(fuse ? { fuse } : {}) };
}

function requestOf(
  spec: ContainerSpec,
  size: PreparedStart["request"]["windowSize"],
): PreparedStart["request"] {
  return {
    operations: planContainer(spec),
    process: spec.process,
    ...(spec.seccomp ? { seccomp: spec.seccomp.toBase64() } : {}),
    singleIdentity: spec.singleIdentity,
    recordsOwners: spec.recordsOwners,
    ...(spec.account ? { account: spec.account } : {}),
    namespaces: spec.namespaces,
    ...(size === undefined ? {} : { windowSize: size }),
  };
}
