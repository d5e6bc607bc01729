import type { NetworkAttachment } from "../container/launch.ts";
import { slirpAddresses } from "../network/slirp4netns.ts";
import type { NamespaceMode } from "../container/spec.ts";
import type { Helpers } from "../sys/helpers.ts";
import type { NameService } from "./network-files.ts";
import type { NetworkOption } from "./run-options.ts";

/** What a kind of network means for a container. */
export interface NetworkPlan {
  readonly namespace: NamespaceMode;
  readonly names: NameService;
  /** Connects the container while it starts; what it acquires goes onto the stack. */
  attach?(stack: AsyncDisposableStack): NetworkAttachment;
}

export function planNetwork(option: NetworkOption, helpers: () => Helpers): NetworkPlan {
  switch (option.kind) {
    case "none":
      return { namespace: "private", names: { kind: "none" } };
    case "container": // its files of names follow with part "net"
      return { namespace: "joined", names: { kind: "none" } };
    case "host":
      return { namespace: "host", names: { kind: "host" } };
    case "slirp4netns":
      return {
        namespace: "private",
        names: { kind: "private", address: slirpAddresses.container, nameserver: slirpAddresses.nameserver },
        attach: (stack) => async (pid) => {
          const { attachSlirp4netns } = await import("../network/slirp4netns.ts");
          stack.use(await attachSlirp4netns(helpers(), pid));
        },
      };
    default:
      return option satisfies never;
  }
}
