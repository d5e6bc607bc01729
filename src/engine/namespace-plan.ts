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
  const modes = namespaceModes(run, network);
  const wanted: WantedNamespace[] = [];
  const want = (kind: WantedNamespace["kind"], asked: string | undefined) => {
    if (asked?.startsWith(another)) wanted.push({ kind, container: asked.slice(another.length) });
  };
  if (run.network.kind === "container") wanted.push({ kind: "net", container: run.network.container });
  want("ipc", run.ipc);
  want("pid", run.pid);
  want("uts", run.uts);
  const kept = keptIds(run);
  const identity = kept === undefined ? context.identity : keptIdentity(context.identity, kept);
  if (wanted.length === 0) return { modes, identity, held: undefined, [Symbol.dispose]() {} };
  const { joinContainers } = await import("./join-containers.ts");
  const held = await joinContainers(context, wanted, run.userns);
  return { modes, identity, held, [Symbol.dispose]: () => held[Symbol.dispose]() };
}

const another = "container:";

export function namespaceModes(
  { ipc, pid, uts, cgroupns }: RunOptions,
  network: NetworkPlan,
): NamespaceModes {
  const mode = (asked: string | undefined): NamespaceMode =>
    asked === "host" ? "host" : asked?.startsWith(another) ? "joined" : "private";
  return {
    network: network.namespace,
    ipc: mode(ipc),
    pid: mode(pid),
    uts: mode(uts),
    cgroup: cgroupns === "host" ? "host" : "private",
  };
}
