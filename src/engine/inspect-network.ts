import { slirpAddresses } from "../network/slirp4netns.ts";
import { macOf, parseSubnet } from "../network/subnet.ts";
import type { NetworkPlace } from "./network/members.ts";
import { endpointId } from "./network/show-networks.ts";
import type { ContainerState } from "../store/types.ts";
import { portKey } from "../oci/ports.ts";
import { networkMode, ownWayOut } from "./network/network-names.ts";
import { isUp } from "./container-status.ts";
import type { ContainerOptions } from "./container-record.ts";
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
export function networkSettings(
  options: ContainerOptions,
  state: ContainerState,
  places: readonly NetworkPlace[],
  name: string,
): Record<string, unknown> {
  const { network } = options.run;
  const endpoint = defaultEndpoint(network, state);
  const isAlone = network.kind !== "container" && network.kind !== "networks";
  return {
    Bridge: "",
    SandboxID: "",
    SandboxKey: state.process && isUp(state) ? `/proc/${state.process.pid}/ns/net` : "",
    Ports: isUp(state) ? openPorts(options, state) : {},
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
    Networks: {
      ...(isAlone ? { [networkMode(network)]: endpoint } : {}),
      ...Object.fromEntries(
        places.map((place) => [place.network.name, endpointIn(place, options, state, name)]),
      ),
    },
  };
}

function defaultEndpoint(network: NetworkOption, state: ContainerState): Endpoint {
  const own = ownWayOut(network);
  if (own === undefined || !isUp(state)) return unconnected;
  const { gateway, container, prefixLength } = slirpAddresses(own);
  return {
    ...unconnected,
    Gateway: gateway,
    IPAddress: container,
    IPPrefixLen: prefixLength,
  };
}

/** In a network of the user; the addresses only while it is there. */
function endpointIn(
  { network, membership }: NetworkPlace,
  { run, hostname }: ContainerOptions,
  state: ContainerState,
  name: string,
): Endpoint {
  const requests = run.network.kind === "networks" ? run.network.networks : [];
  const { address, address6 } = requests.find((request) => request.network === network.name) ?? {};
  const asked = {
    ...(address === undefined ? {} : { IPv4Address: address }),
    ...(address6 === undefined ? {} : { IPv6Address: address6 }),
  };
  const { aliases } = membership;
  return {
    ...unconnected,
    IPAMConfig: Object.keys(asked).length === 0 ? null : asked,
    Aliases: aliases.length > 0 ? aliases : null,
    DNSNames: [...new Set([name, ...aliases, membership.containerId.slice(0, 12), hostname])],
    NetworkID: network.id,
    EndpointID: isUp(state) ? endpointId(membership) : "",
    ...(isUp(state)
      ? {
          Gateway: network.gateway,
          IPAddress: membership.address,
          IPPrefixLen: parseSubnet(network.subnet).prefixLength,
          MacAddress: macOf(membership.address),
          ...(network.ipv6
            ? {
                IPv6Gateway: network.ipv6.gateway,
                GlobalIPv6Address: membership.address6 ?? "",
                GlobalIPv6PrefixLen: parseSubnet(network.ipv6.subnet).prefixLength,
              }
            : {}),
        }
      : {}),
  };
}

interface HostPort {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** By port of the container: where it is open on the host; null for one that is only exposed. */
function openPorts(
  { exposed = [] }: ContainerOptions,
  { ports = [] }: ContainerState,
): Record<string, HostPort[] | null> {
  const found = new Map<string, HostPort[] | null>(exposed.map((port) => [portKey(port), null]));
  for (const { containerPort, protocol, address, hostPort } of ports) {
    const key = `${containerPort}/${protocol}`;
    found.set(key, [...(found.get(key) ?? []), { HostIp: address, HostPort: String(hostPort) }]);
  }
  return Object.fromEntries(found);
}

/** HostConfig.PortBindings: what was asked for. */
export function portBindings(options: ContainerOptions): Record<string, HostPort[]> {
  const bindings: Record<string, HostPort[]> = {};
  for (const { address, hostPorts, containerPort, protocol } of options.run.ports?.mappings ?? []) {
    const { first, last } = hostPorts ?? { first: "", last: "" };
    const asked = { HostIp: address, HostPort: first === last ? String(first) : `${first}-${last}` };
    const key = `${containerPort}/${protocol}`;
    bindings[key] = [...(bindings[key] ?? []), asked];
  }
  return bindings;
}
