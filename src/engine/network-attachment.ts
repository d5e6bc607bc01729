import type { CleanupStack } from "../base/cleanup-stack.ts";
import type { NetworkAttachment } from "../container/launch.ts";
import type { NamespaceMode } from "../container/spec.ts";
import type { EngineContext } from "./context.ts";
import type { StartableContainer } from "./container-record.ts";
import type { NetworkOption } from "./run-options.ts";

/** What a kind of network means for the start of a container. */
export interface NetworkPlan {
  readonly namespace: NamespaceMode;
  /** Connects the container while it starts; what it acquires goes onto the stack. */
  attach?(container: StartableContainer, stack: CleanupStack): NetworkAttachment;
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
      for (const { network } of option.networks) context.readingStore.networks.get(network);
      return { namespace: "private", attach };
    case "slirp4netns":
    case "pasta":
      return { namespace: "private", attach };
    default:
      return option satisfies never;
  }

  function attach(container: StartableContainer, stack: CleanupStack): NetworkAttachment {
    // Loaded while the namespaces are made.
    const loading = import("./network/container-network.ts");
    return async (pid) => {
      const { ContainerNetwork } = await loading;
      await stack.use(new ContainerNetwork(context, container, pid)).start();
    };
  }
}
