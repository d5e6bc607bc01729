import { type Launch, type LaunchRequest, launch } from "../container/launch.ts";
import { type FuseMount, namespaceCommand, needsNoIds } from "../container/namespace-command.ts";
import { firstHeldDescriptor } from "../container/protocol.ts";
import { selfCommand } from "../sys/self-command.ts";
import { becomesRoot } from "../sys/user-namespace-command.ts";
import type { EngineContext } from "./context.ts";
import type { NamespacePlan } from "./namespace-plan.ts";

/** Starts the namespaces of a container, and disposes of the plan; its program follows with `Launch.start`. */
export function launchNamespaces(
  { helpers, env }: Pick<EngineContext, "helpers" | "env">,
  namespaces: NamespacePlan,
  stdio: LaunchRequest["stdio"],
  fuse: FuseMount | undefined,
  { cgroup, onOwners }: Pick<LaunchRequest, "cgroup" | "onOwners"> = {},
): Launch {
  const { identity, modes, held } = namespaces;
  const joined = held?.numbersFrom(firstHeldDescriptor) ?? {};
  const unmapped = held === undefined && becomesRoot(identity) && needsNoIds({ fuse, modes });
  try {
    return launch({
      helpers,
      identity,
      command: namespaceCommand({ helpers, self: selfCommand(), modes, joined, fuse, unmapped }),
      unmapped,
      env: { PATH: env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin", ...briefLife },
      stdio,
      ...(held ? { held } : {}),
      ...(cgroup === undefined ? {} : { cgroup }),
      ...(onOwners === undefined ? {} : { onOwners }),
      ownProcesses: modes.pid === "private",
    });
  } finally {
    namespaces[Symbol.dispose](); // no `using`: what that calls is parsed for its first call, and a start waits for this
  }
}

/** Init ends before compiled code or memory touched in advance would pay; these cost it two milliseconds of other CPUs. */
const briefLife = { BUN_JSC_useBaselineJIT: "0", BUN_JSC_useWarmUpMarkedBlocks: "0" };
