import { describe, expect, test } from "bun:test";
import { checkLimits, parseNumberList } from "../../../src/engine/check-limits.ts";
import type { ResourceLimits } from "../../../src/sys/resource-limits.ts";

const machine = { cpus: "0-3", memoryNodes: "0" };
const megabyte = 1024 * 1024;

const refused: readonly (readonly [ResourceLimits, string])[] = [
  [{ memory: 6 * megabyte - 1 }, "Minimum memory limit allowed is 6MB"],
  [
    { memory: 20 * megabyte, memorySwap: 10 * megabyte },
    "Minimum memoryswap limit should be larger than memory limit, see usage",
  ],
  [
    { memorySwap: 20 * megabyte },
    "You should always set the Memory limit when using Memoryswap limit, see usage",
  ],
  [{ memoryReservation: megabyte }, "Minimum memory reservation allowed is 6MB"],
  [
    { memory: 10 * megabyte, memoryReservation: 11 * megabyte },
    "Minimum memory limit can not be less than memory reservation limit, see usage",
  ],
  [{ nanoCpus: 1e9, cpuPeriod: 1000 }, "Conflicting options: Nano CPUs and CPU Period cannot both be set"],
  [{ nanoCpus: 1e9, cpuQuota: 1000 }, "Conflicting options: Nano CPUs and CPU Quota cannot both be set"],
  [{ nanoCpus: 4e9 + 1 }, "range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available"],
  [{ nanoCpus: -1 }, "range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available"],
  [
    { cpuPeriod: 999 },
    "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
  ],
  [
    { cpuPeriod: 1_000_001 },
    "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
  ],
  [{ cpuQuota: 999 }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
  [{ cpusetCpus: "a" }, "Invalid value a for cpuset cpus: invalid format: a"],
  [{ cpusetCpus: "3-1" }, "Invalid value 3-1 for cpuset cpus: invalid format: 3-1"],
  [{ cpusetMems: "0," }, "Invalid value 0, for cpuset mems: invalid format: 0,"],
  [{ cpusetCpus: "2-4" }, "Requested CPUs are not available - requested 2-4, available: 0-3"],
  [{ cpusetMems: "1" }, "Requested memory nodes are not available - requested 1, available: 0"],
  [{ blkioWeight: 9 }, "Range of blkio weight is from 10 to 1000"],
  [{ blkioWeight: 1001 }, "Range of blkio weight is from 10 to 1000"],
];

test.each(refused)("%j is refused", (limits, message) => {
  expect(() => checkLimits(limits, machine)).toThrow(message);
});

test.each<ResourceLimits>([
  {},
  { memory: 6 * megabyte, memorySwap: 6 * megabyte, memoryReservation: 6 * megabyte },
  { memory: 6 * megabyte, memorySwap: -1 },
  { nanoCpus: 4e9, cpusetCpus: "0,2-3", cpusetMems: "0", pidsLimit: -1 },
  { cpuQuota: -1, cpuPeriod: 1000 },
])("%j is not", (limits) => {
  checkLimits(limits, machine);
});

test("an update may set swap without memory, which may be set already", () => {
  checkLimits({ memorySwap: 20 * megabyte }, machine, { update: true });
});

describe("a list of numbers", () => {
  test("has single ones and ranges", () => {
    expect([...parseNumberList("0-2,5")!]).toEqual([0, 1, 2, 5]);
    expect([...parseNumberList("")!]).toEqual([]);
  });

  test.each(["-1", "1-", "1,,2", "1 ", "a-b", "99999"])("is not %j", (text) => {
    expect(parseNumberList(text)).toBeUndefined();
  });
});
