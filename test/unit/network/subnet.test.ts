import { describe, expect, test } from "bun:test";
import {
  addressAt,
  addressBytes,
  canonicalAddress,
  contains,
  defaultPools,
  freeAddress,
  hasAddress6,
  isWithin,
  localSubnet,
  macOf,
  maskBytes,
  overlap,
  parseSubnet,
  routedSubnets,
  subnetText,
  unusableAddresses,
} from "../../../src/network/subnet.ts";

describe("a subnet", () => {
  test("loses the bits of a host", () => {
    expect(subnetText(parseSubnet("172.18.3.4/16"))).toBe("172.18.0.0/16");
    expect(subnetText(parseSubnet("0.0.0.0/0"))).toBe("0.0.0.0/0");
    expect(subnetText(parseSubnet("FD00:0:0:1::7/64"))).toBe("fd00:0:0:1::/64");
    expect(subnetText(parseSubnet("::/0"))).toBe("::/0");
  });

  test.each([
    "172.18.0.0",
    "172.18.0.0/33",
    "172.18.0.256/16",
    "172.18.0.0/16/1",
    "::/129",
    "fd00::1::/64",
    "fd00::",
    "/8",
    "10.0.0.0/x",
  ])("%p is none", (text) => expect(() => parseSubnet(text)).toThrow(`invalid subnet ${text}`));

  test("overlaps with those in it and around it", () => {
    const subnet = parseSubnet("10.1.0.0/16");
    expect(
      ["10.1.2.0/24", "10.0.0.0/8", "10.1.0.0/16"].every((text) => overlap(subnet, parseSubnet(text))),
    ).toBe(true);
    expect(
      ["10.2.0.0/16", "10.0.0.0/16", "11.0.0.0/8", "::/0"].some((text) => overlap(subnet, parseSubnet(text))),
    ).toBe(false);
  });

  test("gives out its lowest free address, and neither its own nor the broadcast one", () => {
    const subnet = parseSubnet("10.0.0.0/30");
    expect(freeAddress(subnet, new Set(["10.0.0.1"]))).toBe("10.0.0.2");
    expect(freeAddress(subnet, new Set(["10.0.0.1", "10.0.0.2"]))).toBeUndefined();
    expect(contains(subnet, "10.0.0.4")).toBe(false);
    expect(contains(subnet, "::a00:1")).toBe(false);
    const six = parseSubnet("fd00::fffe/126");
    const taken = ["fd00::fffd", "fd00::fffe"];
    expect(freeAddress(six, new Set(taken))).toBe("fd00::ffff");
    expect(freeAddress(six, new Set([...taken, "fd00::ffff"]))).toBeUndefined();
  });

  test("has addresses that nobody can have", () => {
    expect(unusableAddresses(parseSubnet("10.0.0.0/23"))).toEqual(["10.0.0.0", "10.0.1.255"]);
    expect(unusableAddresses(parseSubnet("fd00::/64"))).toEqual(["fd00::"]);
  });

  test("gives out those of a range of it only", () => {
    const [subnet, range] = [parseSubnet("10.0.0.0/16"), parseSubnet("10.0.255.254/31")];
    expect(isWithin(range, subnet)).toBe(true);
    expect(isWithin(subnet, range)).toBe(false);
    expect(freeAddress(subnet, new Set(), range)).toBe("10.0.255.254");
    expect(freeAddress(subnet, new Set(["10.0.255.254"]), range)).toBeUndefined();
  });
});

test("addresses above 127 do not become negative", () => {
  expect(addressAt(parseSubnet("255.255.255.0/24"), 254)).toBe("255.255.255.254");
  expect(maskBytes(20)).toEqual([255, 255, 240, 0]);
  expect(maskBytes(0)).toEqual([0, 0, 0, 0]);
  expect(macOf("172.18.0.255")).toBe("02:42:ac:12:00:ff");
});

test("an IPv6 address has one text and sixteen bytes", () => {
  expect(canonicalAddress("FD00:0:0:0:0:0:00AB:1")).toBe("fd00::ab:1");
  expect(canonicalAddress("172.18.0.1")).toBe("172.18.0.1");
  expect(addressBytes("fd00::ab:1")).toEqual([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0, 1]);
  expect(addressBytes("::")).toEqual(Array.from({ length: 16 }, () => 0));
  expect(subnetText(localSubnet(Uint8Array.of(0, 1, 2, 3, 255)))).toBe("fd00:102:3ff::/64");
});

test("an address is an interface's when it can be used", () => {
  const table =
    "00000000000000000000000000000001 01 80 10 80       lo\n" +
    "fd800000000000000000000000000077 03 40 00 80     eth1\n" +
    "fd800000000000000000000000000078 04 40 00 c0     eth2\n";
  expect(hasAddress6(table, "eth1", "fd80::77")).toBe(true);
  expect(hasAddress6(table, "eth2", "fd80::77")).toBe(false);
  expect(hasAddress6(table, "eth2", "fd80::78")).toBe(false); // tentative
  expect(hasAddress6("", "eth1", "fd80::77")).toBe(false);
});

test("routes of the machine are read as subnets; the default route is none", () => {
  const table =
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
    "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
    "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
  expect(routedSubnets(table).map(subnetText)).toEqual(["172.17.0.0/16"]);
});

test("the pools do not overlap each other", () => {
  for (const [index, pool] of defaultPools().entries())
    expect(defaultPools().some((other, at) => at !== index && overlap(pool, other))).toBe(false);
});
