import { slirpAddresses } from "../network/slirp4netns.ts";
import type { ContainerState } from "../store/types.ts";
import { networkName } from "./container-filters.ts";
import { isUp } from "./container-status.ts";
import type { NetworkOption } from "./run-options.ts";

/** One network of a container (moby api/types/network/endpoint.go). */
const unconnected = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: "",
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  MacAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

type Endpoint = { readonly [K in keyof typeof unconnected]: unknown };

/** Docker's NetworkSettings, with the addresses on the default network as Docker until 28 repeats them on top. */
export function networkSettings(network: NetworkOption, state: ContainerState): Record<string, unknown> {
  const endpoint = endpointOf(network, state);
  return {
    Bridge: "",
    SandboxID: "",
    SandboxKey: state.process && isUp(state) ? `/proc/${state.process.pid}/ns/net` : "",
    Ports: {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: endpoint.EndpointID,
    Gateway: endpoint.Gateway,
    GlobalIPv6Address: endpoint.GlobalIPv6Address,
    GlobalIPv6PrefixLen: endpoint.GlobalIPv6PrefixLen,
    IPAddress: endpoint.IPAddress,
    IPPrefixLen: endpoint.IPPrefixLen,
    IPv6Gateway: endpoint.IPv6Gateway,
    MacAddress: endpoint.MacAddress,
    Networks: network.kind === "container" ? {} : { [networkName(network.kind)]: endpoint },
  };
}

function endpointOf(network: NetworkOption, state: ContainerState): Endpoint {
  if (network.kind !== "slirp4netns" || !isUp(state)) return unconnected;
  return {
    ...unconnected,
    Gateway: slirpAddresses.gateway,
    IPAddress: slirpAddresses.container,
    IPPrefixLen: 24,
  };
}
