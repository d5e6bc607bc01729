import { BerthError } from "../base/errors.ts";
import type { NetworkAttachment } from "../container/launch.ts";
import type { NamespaceMode } from "../container/spec.ts";
import type { EngineContext } from "./context.ts";
import type { StartableContainer } from "./container-record.ts";
import type { NetworkOption } from "./run-options.ts";

/** What a kind of network means for the start of a container. */
export interface NetworkPlan {
  readonly namespace: NamespaceMode;
  /** Connects the container while it starts; what it acquires goes onto the stack. */
  attach?(container: StartableContainer, stack: AsyncDisposableStack): NetworkAttachment;
}

export function planNetwork(context: EngineContext, option: NetworkOption): NetworkPlan {
  switch (option.kind) {
    case "none":
      return { namespace: "private" };
    case "container":
      return { namespace: "joined" };
    case "host":
      return { namespace: "host" };
    case "networks":
      throw new BerthError("not-found", `network ${option.networks[0]?.network} not found`, {
        hint: "--network takes slirp4netns (also spelt bridge and default), host, none or container:NAME",
      });
    case "slirp4netns":
      return {
        namespace: "private",
        attach: (container, stack) => async (pid) => {
          const { connectContainer } = await import("./network/connect-container.ts");
          await connectContainer(context, container, pid, stack);
        },
      };
    default:
      return option satisfies never;
  }
}
