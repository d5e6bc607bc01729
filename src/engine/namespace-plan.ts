import type { NamespaceMode, NamespaceModes } from "../container/spec.ts";
import type { HeldNamespaces } from "../sys/held-namespaces.ts";
import type { IdentityMap } from "../sys/identity.ts";
import type { EngineContext } from "./context.ts";
import type { WantedNamespace } from "./join-containers.ts";
import { keptIdentity, keptIds } from "./kept-identity.ts";
import type { NetworkPlan } from "./network-attachment.ts";
import type { RunOptions } from "./run-options.ts";

/** Which namespaces one start of a container has. Dispose of it when they are entered. */
export interface NamespacePlan extends Disposable {
  readonly modes: NamespaceModes;
  readonly identity: IdentityMap;
  /** Those of other containers. */
  readonly held: HeldNamespaces | undefined;
}

/** Throws what Docker says where the other container does not run, or does not share what is asked for. */
export async function planNamespaces(
  context: EngineContext,
  run: RunOptions,
  network: NetworkPlan,
): Promise<NamespacePlan> {
  const wanted: WantedNamespace[] = [];
  const mode = (kind: WantedNamespace["kind"], asked: string | undefined): NamespaceMode => {
    if (asked?.startsWith("container:")) wanted.push({ kind, container: asked.slice("container:".length) });
    return asked === "host" ? "host" : asked?.startsWith("container:") ? "joined" : "private";
  };
  const modes: NamespaceModes = {
    network:
      run.network.kind === "container"
        ? mode("net", `container:${run.network.container}`)
        : network.namespace,
    ipc: mode("ipc", run.ipc),
    pid: mode("pid", run.pid),
    uts: mode("uts", run.uts),
    cgroup: run.cgroupns === "host" ? "host" : "private",
  };
  const kept = keptIds(run);
  const identity = kept === undefined ? context.identity : keptIdentity(context.identity, kept);
  if (wanted.length === 0) return { modes, identity, held: undefined, [Symbol.dispose]() {} };
  const { joinContainers } = await import("./join-containers.ts");
  const held = await joinContainers(context, wanted, run.userns);
  return { modes, identity, held, [Symbol.dispose]: () => held[Symbol.dispose]() };
}
