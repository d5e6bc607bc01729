import { BerthError } from "../../base/errors.ts";
import { nameServerAddress } from "../../network/name-server-address.ts";
import { slirpAddresses } from "../../network/slirp4netns.ts";
import type { NetworkMembership } from "../../store/types.ts";
import type { ContainerOptions } from "../container-record.ts";
import type { NameFacts } from "../network-files.ts";
import { addressesOf } from "./members.ts";
import { ownWayOut } from "./network-names.ts";

/** What the names in a container depend on, from how it is connected. */
export function nameFacts(
  { hostname, run }: Pick<ContainerOptions, "hostname" | "run">,
  memberships: readonly Pick<NetworkMembership, "address" | "address6">[],
): NameFacts {
  const { network, names, domainname } = run;
  const common = { hostname, ...(domainname ? { domainname } : {}), ...(names ? { options: names } : {}) };
  const asksForGateway = names?.hosts.some((entry) => entry.endsWith(":host-gateway")) ?? false;
  const gateway = (find: () => string) => (asksForGateway ? { hostGateway: find() } : {});
  switch (network.kind) {
    case "none":
    case "container":
      return { ...common, like: "none", addresses: [], ...gateway(outwardAddress) };
    case "host":
      return { ...common, like: "host", addresses: [], ...gateway(() => "127.0.0.1") };
    case "networks":
    case "pasta":
    case "slirp4netns": {
      const own = ownWayOut(network);
      const slirp = own ?? {};
      const { container, gateway: hostLoopback, nameserver } = slirpAddresses(slirp);
      return {
        ...common,
        like: "private",
        addresses: [...(own === undefined ? [] : [container]), ...memberships.flatMap(addressesOf)],
        ...(memberships.length > 0 ? { nameserver: nameServerAddress, answersNames: true } : { nameserver }),
        ...(slirp.allowHostLoopback
          ? { hostGateway: hostLoopback, hostLoopback: true }
          : gateway(outwardAddress)),
      };
    }
    default:
      return network satisfies never;
  }
}

/** Where the host answers from anywhere: what listens on its loopback stays out of reach. */
function outwardAddress(): string {
  const found = Object.values(process.getBuiltinModule("node:os").networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  if (found !== undefined) return found.address;
  throw new BerthError(
    "unsupported",
    "unable to derive the IP value for host-gateway: this machine has no IPv4 address but its loopback",
    { hint: "--network slirp4netns:allow_host_loopback=true opens that" },
  );
}
