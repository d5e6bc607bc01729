import type { SlirpOptions } from "../../network/slirp4netns.ts";
import type { Store } from "../../store/store.ts";
import type { ContainerRecord } from "../../store/types.ts";
import { optionsOf } from "../container-record.ts";
import type { NetworkOption } from "../run-options.ts";

/** How a container that has a way out of its own reaches the outside; undefined for every other. */
export function ownWayOut(network: NetworkOption): SlirpOptions | undefined {
  const hasOne = network.kind === "slirp4netns" || network.kind === "pasta";
  return hasOne ? (network.options ?? {}) : undefined;
}

/** Docker's NetworkMode: what Docker calls a container's network, or the first of them. */
export function networkMode(network: NetworkOption): string {
  switch (network.kind) {
    case "slirp4netns":
      return "bridge";
    case "container":
      return `container:${network.container}`;
    case "networks":
      return network.networks[0]?.network ?? "none";
    default:
      return network.kind;
  }
}

/** The networks of a container, as `ps` shows them. One that was removed meanwhile has an id only. */
export function networkNames(
  store: Store,
  container: Pick<ContainerRecord, "id" | "options">,
): readonly string[] {
  const { network } = optionsOf(container).run;
  const own = network.kind === "networks" || network.kind === "container" ? [] : [networkMode(network)];
  const joined = store.networks
    .membershipsOf(container.id)
    .map(({ networkId }) => store.networks.find(networkId)?.name ?? networkId);
  return [...own, ...joined];
}
