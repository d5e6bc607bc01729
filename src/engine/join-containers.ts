import { BerthError } from "../base/errors.ts";
import type { ProcessIdentity } from "../sys/process-identity.ts";
import { type HeldKind, HeldNamespaces } from "../sys/held-namespaces.ts";
import { optionsOf } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import type { RunOptions } from "./run-options.ts";
import { settle } from "./reconcile-containers.ts";

/** A namespace of another container, as `--ipc container:x` asks for it. */
export interface WantedNamespace {
  readonly kind: Extract<HeldKind, "net" | "ipc" | "uts" | "pid">;
  /** Id or name. */
  readonly container: string;
}

/** As Docker calls them in its messages. */
const shownKind = { net: "network", ipc: "IPC", uts: "UTS", pid: "PID" } as const;

/** Opens the namespaces of running containers, to be entered by another one. */
export async function joinContainers(
  context: EngineContext,
  wanted: readonly WantedNamespace[],
  userns: RunOptions["userns"],
): Promise<HeldNamespaces> {
  const held = new HeldNamespaces();
  try {
    for (const { kind, container } of wanted) {
      const process = await firstProcess(context, kind, container, userns);
      held.hold(process, kind);
      // /dev/shm belongs to the IPC namespace, and is found through the mounts of its container.
      if (kind === "ipc") held.hold(process, "mnt");
    }
    return held;
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

const mapOf = (userns: RunOptions["userns"]) => (userns === "host" ? undefined : userns);

async function firstProcess(
  context: EngineContext,
  kind: WantedNamespace["kind"],
  container: string,
  userns: RunOptions["userns"],
): Promise<ProcessIdentity> {
  const record = await settle(context, context.readingStore.containers.get(container));
  const running = record?.state.status === "running" || record?.state.status === "paused";
  if (record === undefined || !running || record.state.process === undefined)
    throw new BerthError(
      "conflict",
      `cannot join ${shownKind[kind]} of a non running container: ${container}`,
    );
  const { run } = optionsOf(record);
  if (kind === "ipc" && run.ipc !== "shareable")
    throw new BerthError(
      "conflict",
      `can't join IPC of container ${container}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
  if (mapOf(run.userns) !== mapOf(userns))
    throw new BerthError("conflict", `container ${container} has other user ids`, {
      hint: `what it has can be joined with --userns=${run.userns ?? "host"}`,
    });
  const shared = kind === "net" ? run.network.kind : kind === "ipc" ? undefined : run[kind];
  if (shared === "host")
    throw new BerthError("conflict", `container ${container} has the host's ${shownKind[kind]} namespace`, {
      hint: `use --${kind === "net" ? "network" : kind} host`,
    });
  return record.state.process;
}
