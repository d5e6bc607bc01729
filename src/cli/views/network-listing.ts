import type { NetworkSummary } from "../../engine/network/show-networks.ts";
import { goTimeString } from "./go-time.ts";
import { columnsOf, type RawListing } from "./listing.ts";
import { shortId } from "./short-id.ts";

const headers = {
  CreatedAt: "CREATED AT",
  Driver: "DRIVER",
  ID: "NETWORK ID",
  IPv4: "IPV4",
  IPv6: "IPV6",
  Internal: "INTERNAL",
  Labels: "LABELS",
  Name: "NAME",
  Scope: "SCOPE",
};

/** `network ls` (docker/cli network/formatter.go). */
export function networkListing({ truncate }: { readonly truncate: boolean }): RawListing<NetworkSummary> {
  const cells = (network: NetworkSummary) => ({
    CreatedAt: () => goTimeString(new Date(network.createdAt)),
    Driver: () => network.driver,
    ID: () => (truncate ? shortId(network.id) : network.id),
    IPv4: () => "true",
    IPv6: () => String(network.record?.ipv6 !== undefined),
    Internal: () => String(network.internal),
    Labels: () =>
      Object.entries(network.labels)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted()
        .join(","),
    Name: () => network.name,
    Scope: () => "local",
  });
  return {
    typeName: "*network.networkContext",
    columns: columnsOf(headers, cells),
    table: ["ID", "Name", "Driver", "Scope"],
    methods: { Label: ({ labels }, name) => labels[name] ?? "" },
    raw: "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n",
  };
}
