import { BerthError, isBerthError } from "../../base/errors.ts";
import { isAddress } from "../../oci/ports.ts";
import { defineCommand } from "../command.ts";
import { forEachTold } from "../each.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { listFormat } from "../flags/format-flag.ts";
import { flag } from "../flags/spec.ts";
import { checkIPv4, checkIPv6, requestedAddresses } from "../run/network-options.ts";
import { labelsFrom } from "../run/run-options.ts";
import { networkListing } from "../views/network-listing.ts";
import { printList } from "../views/print-list.ts";

export const networkCreate = defineCommand({
  usage: "[OPTIONS] NETWORK",
  description: "Create a network",
  flags: {
    "aux-address": flag.list("Auxiliary IPv4 or IPv6 addresses used by Network driver", {
      type: "map",
      check: checkAuxiliary,
    }),
    driver: flag.text("Driver to manage the Network", {
      short: "d",
      default: "bridge",
      completes: ["bridge"],
    }),
    gateway: flag.list("IPv4 or IPv6 Gateway for the subnet"),
    "ip-range": flag.list("Allocate container ip from a sub-range"),
    ipv6: flag.boolean("Enable IPv6 address assignment"),
    internal: flag.boolean("Restrict external access to the network"),
    label: flag.list("Set metadata on a network"),
    subnet: flag.list("Subnet in CIDR format that represents a network segment"),
  },
  notYet: "attachable config-from config-only ingress ipam-driver ipam-opt ipv4 opt:o scope",
  words: { min: 1, max: 1 },
  async run({ flags, words, host, context }) {
    if (flags.driver && flags.driver !== "bridge")
      throw new BerthError("unsupported", `could not find plugin ${flags.driver}: plugin not found`, {
        hint: "networks of berth have one driver: bridge",
      });
    const { createNetwork } = await import("../../engine/network/networks.ts");
    const id = createNetwork(context, {
      name: words[0]!,
      internal: flags.internal,
      labels: labelsFrom(flags.label),
      subnets: flags.subnet,
      gateways: flags.gateway,
      ranges: flags["ip-range"],
      reserved: labelsFrom(flags["aux-address"]),
      ipv6: flags.ipv6,
    });
    host.stdout.write(`${id}\n`);
    return 0;
  },
});

/** `NAME=ADDRESS`. Docker ignores what has no address. */
function checkAuxiliary(value: string): void {
  const [, address = ""] = /^[^=]+=(.+)$/.exec(value) ?? [];
  if (!isAddress(address)) throw new BerthError("invalid-argument", `'${value}' is not NAME=ADDRESS`);
}

export const networkList = defineCommand({
  usage: "[OPTIONS]",
  description: "List networks",
  aliases: ["berth network ls", "berth network list"],
  flags: {
    filter: { ...filterFlag('Provide filter values (e.g. "driver=bridge")'), short: "f" },
    format: listFormat,
    "no-trunc": flag.boolean("Do not truncate the output"),
    quiet: flag.boolean("Only display network IDs", { short: "q" }),
  },
  words: { min: 0, max: 0 },
  async run({ flags, host, context }) {
    const { listNetworks } = await import("../../engine/network/show-networks.ts");
    const networks = listNetworks(context, flags.filter);
    await printList(host, networkListing({ truncate: !flags["no-trunc"] }), networks, {
      format: flags.format ?? "",
      quiet: flags.quiet,
    });
    return 0;
  },
});

export const networkRemove = defineCommand({
  usage: "NETWORK [NETWORK...]",
  description: "Remove one or more networks",
  aliases: ["berth network rm", "berth network remove"],
  flags: { force: flag.boolean("Do not error if the network does not exist", { short: "f" }) },
  words: { min: 1 },
  completes: ["network"],
  async run({ flags, words, host, context }) {
    const { removeNetwork } = await import("../../engine/network/networks.ts");
    return forEachTold(words, host, async (name) => removeNetwork(context, name), {
      forgives: (error) => flags.force && isBerthError(error, "not-found"),
    });
  },
});

export const networkConnect = defineCommand({
  usage: "[OPTIONS] NETWORK CONTAINER",
  description: "Connect a container to a network",
  flags: {
    alias: flag.list("Add network-scoped alias for the container"),
    ip: flag.text("IPv4 address (e.g., 172.30.100.104)", { check: checkIPv4 }),
    ip6: flag.text("IPv6 address (e.g., 2001:db8::33)", { check: checkIPv6 }),
  },
  notYet: "driver-opt gw-priority link link-local-ip",
  words: { min: 2, max: 2 },
  completes: ["network", "container"],
  async run({ flags, words, context }) {
    const [network = "", container = ""] = words;
    const { connectNetwork } = await import("../../engine/network/connect.ts");
    const request = { network, aliases: flags.alias, ...requestedAddresses(flags) };
    await connectNetwork(context, container, request);
    return 0;
  },
});

export const networkDisconnect = defineCommand({
  usage: "[OPTIONS] NETWORK CONTAINER",
  description: "Disconnect a container from a network",
  flags: { force: flag.boolean("Force the container to disconnect from a network", { short: "f" }) },
  words: { min: 2, max: 2 },
  completes: ["network", "container"],
  async run({ flags, words, context }) {
    const [network = "", container = ""] = words;
    const { disconnectNetwork } = await import("../../engine/network/connect.ts");
    await disconnectNetwork(context, container, network, flags);
    return 0;
  },
});
