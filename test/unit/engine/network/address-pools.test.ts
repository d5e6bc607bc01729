import { expect, test } from "bun:test";
import { choosePools, type PoolRequest } from "../../../../src/engine/network/address-pools.ts";

const choose = (request: Partial<PoolRequest>) =>
  choosePools({ subnets: [], gateways: [], ranges: [], reserved: {}, ipv6: false, ...request }, []);
const [four, six] = ["10.80.0.0/24", "fd80::/64"];

test("gateways and ranges are those of their subnets, in whatever order", () => {
  expect(
    choose({
      subnets: [six, four],
      gateways: ["10.80.0.9", "FD80:0::9"],
      ranges: ["fd80::8000:0/112", "10.80.0.128/25"],
      ipv6: true,
    }),
  ).toEqual({
    pool: { subnet: four, gateway: "10.80.0.9", range: "10.80.0.128/25" },
    pool6: { subnet: six, gateway: "fd80::9", range: "fd80::8000:0/112" },
  });
  expect(choose({ subnets: [four] }).pool).toEqual({ subnet: four, gateway: "10.80.0.1" });
});

test("reserved addresses are those of their subnets", () => {
  const reserved = { router: "10.80.0.9", switch: "10.80.0.10", "router 6": "FD80:0::9" };
  expect(choose({ subnets: [six, four], gateways: ["10.80.0.11"], reserved, ipv6: true })).toEqual({
    pool: {
      subnet: four,
      gateway: "10.80.0.11",
      reserved: { router: "10.80.0.9", switch: "10.80.0.10" },
    },
    pool6: { subnet: six, gateway: "fd80::1", reserved: { "router 6": "fd80::9" } },
  });
});

test.each<[Partial<PoolRequest>, string]>([
  [{ gateways: ["172.18.0.1"] }, "every ip-range or gateway must have a corresponding subnet"],
  [{ ranges: ["172.18.0.0/24"] }, "every ip-range or gateway must have a corresponding subnet"],
  [
    { subnets: [four], gateways: ["10.80.0.1", "10.80.0.2"] },
    "every ip-range or gateway must have a corresponding subnet",
  ],
  [
    { subnets: [four, six], gateways: ["10.80.0.1", "10.80.0.2"], ipv6: true },
    "cannot configure multiple gateways (10.80.0.2, 10.80.0.1) for the same subnet (10.80.0.0/24)",
  ],
  [
    { subnets: [four, six], ranges: ["10.80.0.0/25", "10.80.0.128/25"], ipv6: true },
    "cannot configure multiple ranges (10.80.0.128/25, 10.80.0.0/25) on the same subnet (10.80.0.0/24)",
  ],
  [{ subnets: [six], gateways: ["172.18.0.1"], ipv6: true }, "no matching subnet for gateway 172.18.0.1"],
  [{ subnets: [four], ranges: ["10.80.0.0/16"] }, "no matching subnet for range 10.80.0.0/16"],
  [{ subnets: [four], gateways: ["ten"] }, "invalid gateway address ten"],
  [
    { subnets: [four], gateways: ["10.80.0.255"] },
    "failed to allocate gateway (10.80.0.255): Address already in use",
  ],
  [
    { subnets: [six], reserved: { router: "fd80::" }, ipv6: true },
    "failed to allocate secondary ip address (router:fd80::): Address already in use",
  ],
  [{ reserved: { router: "172.18.0.9" } }, "no matching subnet for aux-address 172.18.0.9"],
  [{ subnets: [four], reserved: { router: "10.81.0.9" } }, "no matching subnet for aux-address 10.81.0.9"],
  [
    { subnets: [four], reserved: { router: "10.80.0.1" } },
    "failed to allocate secondary ip address (router:10.80.0.1): Address already in use",
  ],
  [
    { subnets: [four], reserved: { one: "10.80.0.9", two: "10.80.0.9" } },
    "failed to allocate secondary ip address (two:10.80.0.9): Address already in use",
  ],
])("%j is refused", (request, message) => {
  expect(() => choose(request)).toThrow(message);
});
