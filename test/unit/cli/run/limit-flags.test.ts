import { describe, expect, test } from "bun:test";
import { parseFlags } from "../../../../src/cli/flags/parse.ts";
import {
  buildRunLimits,
  deviceLimitFlags,
  limitFlags,
  parseCpus,
} from "../../../../src/cli/run/limit-flags.ts";

function limits(...words: string[]) {
  const parsed = parseFlags({ ...limitFlags, ...deviceLimitFlags }, words, { interspersed: true });
  if (parsed.kind !== "values") throw new Error("asked for help");
  return buildRunLimits(parsed.values);
}

test("nothing, zeros and empty values are no limits", () => {
  expect(limits()).toBeUndefined();
  const zeros = ["-m", "0", "--cpus", "0", "--pids-limit", "0", "--cpu-shares", "0", "--blkio-weight", "0"];
  expect(limits(...zeros, "--cpuset-cpus", "", "--blkio-weight-device", "/dev/sda:0")).toBeUndefined();
});

test("limits are kept in Docker's units", () => {
  const memory = ["-m", "64m", "--memory-swap=-1", "--memory-reservation", "32MiB"];
  const cpu = ["--cpus", "1.5", "-c", "512", "--cpuset-cpus", "0-1", "--cpuset-mems=0"];
  expect(limits(...memory, ...cpu, "--pids-limit", "-1", "--blkio-weight", "500")).toEqual({
    memory: 64 * 1024 * 1024,
    memorySwap: -1,
    memoryReservation: 32 * 1024 * 1024,
    nanoCpus: 1_500_000_000,
    cpuShares: 512,
    cpusetCpus: "0-1",
    cpusetMems: "0",
    blkioWeight: 500,
  });
  expect(limits("--cpu-period", "50000", "--cpu-quota", "20000")).toEqual({
    cpuPeriod: 50000,
    cpuQuota: 20000,
  });
  const unlimited = ["--cpu-quota=-1", "--memory-swap=-1", "--memory-swappiness=-1", "--cpu-rt-runtime=0"];
  expect(limits("--pids-limit", "-1", ...unlimited)).toBeUndefined();
  const devices = ["--device-read-bps", "/dev/sda:1mb", "--device-read-bps=/dev/sdb:5"];
  expect(limits(...devices, "--device-write-iops", "/dev/sda:7")).toEqual({
    deviceReadBps: [
      { path: "/dev/sda", rate: 1024 * 1024 },
      { path: "/dev/sdb", rate: 5 },
    ],
    deviceWriteIops: [{ path: "/dev/sda", rate: 7 }],
  });
});

test.each([
  [["-m", "lots"], 'invalid argument "lots" for "-m, --memory" flag: invalid size: \'lots\''],
  [["-m", "-1"], "invalid size: '-1'"],
  [["--memory-swap", "-2"], "invalid size: '-2'"],
  [["--cpus", "many"], "failed to parse many as a rational number"],
  [["--cpus", "0.0000000001"], "value is too precise"],
  [["--pids-limit", "x"], 'strconv.ParseInt: parsing "x": invalid syntax'],
  [["--device-read-bps", "/dev/sda"], "bad format: /dev/sda"],
  [["--device-read-bps", "sda:1mb"], "bad format for device path: sda:1mb"],
  [
    ["--device-write-bps", "/dev/sda:fast"],
    "invalid rate for device: /dev/sda:fast. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb",
  ],
  [
    ["--device-read-iops", "/dev/sda:1k"],
    "invalid rate for device: /dev/sda:1k. The correct format is <device-path>:<number>. Number must be a positive integer",
  ],
  [["--blkio-weight-device", "/dev/sda:5"], "invalid weight for device: /dev/sda:5"],
  [["--memory-swappiness", "101"], "Valid memory swappiness range is 0-100"],
  [["--memory-swappiness", "0"], "cgroup v2 has no swappiness of a container"],
  [["--cpu-rt-runtime", "95000"], "cgroup v2 has no real-time limits"],
  [["--oom-kill-disable"], "cgroup v2 cannot disable the OOM killer (--oom-kill-disable)"],
])("%j is refused", (words, message) => {
  expect(() => limits(...words)).toThrow(message);
});

describe("a number of CPUs", () => {
  test.each([
    ["1", 1e9],
    ["1.5", 1_500_000_000],
    [".5", 500_000_000],
    ["2.", 2e9],
    ["3/2", 1_500_000_000],
    ["1e-1", 100_000_000],
    ["1.25E1", 12_500_000_000],
    ["0.123456789", 123_456_789],
    ["-1", -1e9],
    ["+1", 1e9],
  ])("%s is %d thousand millionths", (text, nano) => {
    expect(parseCpus(text)).toBe(nano);
  });

  test.each(["", ".", "1/0", "1.5/2", "1 2", "0x1", "1e", "e1", "1,5", "NaN"])("%j is none", (text) => {
    expect(() => parseCpus(text)).toThrow("rational number");
  });
});
