import type { Launch } from "../container/launch.ts";
import { planContainer } from "../container/plan.ts";
import type { ContainerSpec } from "../container/spec.ts";

/** What init is told; `size` is that of the terminal, if there is one. */
export function startRequest(
  spec: ContainerSpec,
  size?: { readonly rows: number; readonly columns: number },
): Parameters<Launch["start"]>[0] {
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
