import { describe, expect, test } from "bun:test";
import { cgroupSettings, controllersOf, cpuWeight } from "../../../src/sys/cgroup-settings.ts";
import type { ResourceLimits } from "../../../src/sys/resource-limits.ts";

const numbers = new Map([
  ["/dev/sda", "8:0"],
  ["/dev/vda", "254:0"],
]);
const files = (limits: ResourceLimits) =>
  cgroupSettings(limits, (path) => numbers.get(path)!).map(({ file, value }) => `${file} = ${value}`);

const cases: readonly (readonly [ResourceLimits, readonly string[]])[] = [
  [{}, []],
  [{ memory: 67108864 }, ["memory.max = 67108864", "memory.swap.max = 67108864"]],
  [{ memory: 100, memorySwap: 300 }, ["memory.max = 100", "memory.swap.max = 200"]],
  [{ memory: 100, memorySwap: 100 }, ["memory.max = 100", "memory.swap.max = 0"]],
  [{ memory: 100, memorySwap: -1 }, ["memory.max = 100", "memory.swap.max = max"]],
  [{ memoryReservation: 7000000 }, ["memory.low = 7000000"]],
  [{ nanoCpus: 1_500_000_000 }, ["cpu.max = 150000 100000"]],
  [{ nanoCpus: 10_000_000 }, ["cpu.max = 1000 100000"]],
  [{ cpuQuota: 25000, cpuPeriod: 50000 }, ["cpu.max = 25000 50000"]],
  [{ cpuQuota: -1 }, ["cpu.max = max 100000"]],
  [{ cpuPeriod: 20000 }, ["cpu.max = max 20000"]],
  [{ cpuShares: 512 }, ["cpu.weight = 59"]],
  [{ cpusetCpus: "0-1", cpusetMems: "0" }, ["cpuset.cpus = 0-1", "cpuset.mems = 0"]],
  [{ pidsLimit: 42 }, ["pids.max = 42"]],
  [{ pidsLimit: -1 }, ["pids.max = max"]],
  [{ blkioWeight: 10 }, ["io.weight = default 1"]],
  [{ blkioWeight: 1000 }, ["io.weight = default 10000"]],
  [{ blkioWeightDevice: [{ path: "/dev/sda", weight: 500 }] }, ["io.weight = 8:0 4950"]],
  [
    {
      deviceReadBps: [{ path: "/dev/sda", rate: 1024 }],
      deviceWriteIops: [
        { path: "/dev/sda", rate: 10 },
        { path: "/dev/vda", rate: 20 },
      ],
      deviceWriteBps: [{ path: "/dev/vda", rate: 0 }],
    },
    ["io.max = 8:0 rbps=1024 wiops=10", "io.max = 254:0 wbps=max wiops=20"],
  ],
];

test.each(cases)("%j", (limits, expected) => {
  expect(files(limits)).toEqual([...expected]);
});

test("only the swap that nobody asked for may be missing in the kernel", () => {
  const optional = (limits: ResourceLimits) =>
    cgroupSettings(limits, () => "")
      .filter((setting) => setting.optional)
      .map(({ file }) => file);
  expect(optional({ memory: 100 })).toEqual(["memory.swap.max"]);
  expect(optional({ memory: 100, memorySwap: 200 })).toEqual([]);
});

test("the controllers of settings, each once", () => {
  const limits = { memory: 1, memoryReservation: 1, pidsLimit: 1, nanoCpus: 1e9, cpuShares: 2 };
  expect(controllersOf(cgroupSettings(limits, () => ""))).toEqual(["memory", "cpu", "pids"]);
});

describe("the CPU weight", () => {
  test.each([
    [2, 1],
    [1024, 100],
    [262144, 10000],
    [1, 1],
    [300000, 10000],
  ])("of %d shares is %d", (shares, weight) => {
    expect(cpuWeight(shares)).toBe(weight);
  });

  test("never falls while the shares grow", () => {
    for (let shares = 3; shares < 262144; shares += 97)
      expect(cpuWeight(shares)).toBeGreaterThanOrEqual(cpuWeight(shares - 1));
  });
});
