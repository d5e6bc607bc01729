import { describe, expect, test } from "bun:test";
import { deviceOptions, parseDevice, parseGpus } from "../../../../src/cli/run/device-option.ts";

describe("--device", () => {
  test.each([
    ["/dev/fuse", { source: "/dev/fuse", target: "/dev/fuse", permissions: "rwm" }],
    ["/dev/fuse:/dev/x", { source: "/dev/fuse", target: "/dev/x", permissions: "rwm" }],
    ["/dev/fuse:r", { source: "/dev/fuse", target: "/dev/fuse", permissions: "r" }],
    ["/dev/fuse:/dev/x:rw", { source: "/dev/fuse", target: "/dev/x", permissions: "rw" }],
    ["vendor.com/class=name", { cdi: "vendor.com/class=name" }],
    ["nvidia.com/gpu=0:1", { cdi: "nvidia.com/gpu=0:1" }],
  ])("%s", (text, expected) => expect(parseDevice(text)).toEqual(expected));

  test.each([
    ["", "invalid device specification: "],
    ["a:b:c:d", "invalid device specification: a:b:c:d"],
    ["fuse", "fuse is not an absolute path"],
    ["/dev/fuse:x", "x is not an absolute path"],
    ["/dev/fuse:/dev/x:rx", "bad mode specified: rx"],
    ["/dev/fuse:/dev/x:rr", "bad mode specified: rr"],
  ])("%p is refused", (text, why) => expect(() => parseDevice(text)).toThrow(why));

  test("devices and requests are told apart", () => {
    expect(deviceOptions(["/dev/fuse", "a.b/c=d", "a.b/c=e"], "all")).toEqual({
      devices: [{ source: "/dev/fuse", target: "/dev/fuse", permissions: "rwm" }],
      deviceRequests: [
        { driver: "", count: -1, ids: [], capabilities: [["gpu"]] },
        { driver: "cdi", count: 0, ids: ["a.b/c=d", "a.b/c=e"], capabilities: [] },
      ],
    });
    expect(deviceOptions([], undefined)).toEqual({});
  });
});

describe("--gpus", () => {
  test.each([
    ["all", -1, []],
    ["2", 2, []],
    ["device=0", 0, ["0"]],
    ['"device=0,1"', 0, ["0", "1"]],
    ["all,capabilities=gpu", -1, []],
  ] as const)("%s", (text, count, ids) => expect(parseGpus(text)).toMatchObject({ count, ids }));

  test.each([
    ["many", 'count must be an integer: "many"'],
    ["1,device=2", "cannot set both Count and DeviceIDs"],
    ["driver=amd", "there is no driver amd"],
    ["capabilities=utility", "capabilities cannot be chosen"],
    ["x=y", "unexpected key 'x' in 'x=y'"],
  ])("%s is refused", (text, why) => expect(() => parseGpus(text)).toThrow(why));
});
