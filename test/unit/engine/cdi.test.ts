import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveDeviceRequests } from "../../../src/engine/cdi.ts";

const named = (...ids: string[]) => [{ driver: "cdi", count: 0, ids, capabilities: [] }];
const gpus = (count: number, ...ids: string[]) => [{ driver: "", count, ids, capabilities: [["gpu"]] }];

describe("CDI devices", () => {
  const root = mkdtempSync(join(tmpdir(), "berth-cdi-"));
  const [low, high] = [join(root, "low"), join(root, "high")];
  beforeAll(() => {
    for (const directory of [low, high]) mkdirSync(directory);
    const camera = {
      cdiVersion: "0.6.0",
      kind: "example.com/camera",
      containerEdits: { env: ["CAMERA=1"] },
      devices: [
        {
          name: "front",
          containerEdits: {
            env: ["FRONT=yes"],
            deviceNodes: [
              { path: "/dev/camera0", hostPath: "/dev/null", permissions: "rw" },
              { path: "/dev/zero" },
            ],
            mounts: [{ hostPath: "/etc/hostname", containerPath: "/lib/camera", options: ["ro", "bind"] }],
            hooks: [
              { hookName: "createContainer", path: "/bin/cdi-hook", args: ["cdi-hook", "update-ldcache"] },
            ],
            additionalGids: [44],
          },
        },
        { name: "back", containerEdits: { hooks: [{ path: "/bin/evil", args: ["evil", "--now"] }] } },
        { name: "fast", containerEdits: { intelRdt: { closID: "x" } } },
        { name: "tmp", containerEdits: { mounts: [{ hostPath: "x", containerPath: "/x", type: "tmpfs" }] } },
      ],
    };
    writeFileSync(join(low, "camera.json"), JSON.stringify(camera));
    writeFileSync(join(low, "broken.json"), "{");
    writeFileSync(join(low, "notes.txt"), "kind: none");
    const gpu = (env: string) =>
      `kind: nvidia.com/gpu\ndevices:\n${["0", "1", "all"].map((name) => `- name: "${name}"\n  containerEdits:\n    env: [${env}${name}]\n`).join("")}`;
    writeFileSync(join(low, "nvidia.yaml"), gpu("LOW="));
    writeFileSync(join(high, "nvidia.yml"), gpu("HIGH="));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  test("edit the environment, the devices, the mounts and the groups; comfort hooks are told", () => {
    expect(
      resolveDeviceRequests(named("example.com/camera=front", "example.com/camera=front"), [low]),
    ).toEqual({
      env: ["CAMERA=1", "FRONT=yes"],
      devices: [
        { source: "/dev/null", target: "/dev/camera0" },
        { source: "/dev/zero", target: "/dev/zero" },
      ],
      mounts: [
        {
          kind: "bind",
          source: "/etc/hostname",
          target: "/lib/camera",
          readOnly: true,
          propagation: "private",
          populate: false,
        },
      ],
      groups: ["44"],
      skippedHooks: ["update-ldcache of example.com/camera=front"],
    });
  });

  test("the later directory wins", () => {
    expect(resolveDeviceRequests(named("nvidia.com/gpu=0"), [low, high]).env).toEqual(["HIGH=0"]);
    expect(resolveDeviceRequests(named("nvidia.com/gpu=0"), [high, low]).env).toEqual(["LOW=0"]);
  });

  test("GPUs are all, the first few, or those named", () => {
    expect(resolveDeviceRequests(gpus(-1), [low]).env).toEqual(["LOW=all"]);
    expect(resolveDeviceRequests(gpus(2), [low]).env).toEqual(["LOW=0", "LOW=1"]);
    expect(resolveDeviceRequests(gpus(0, "1"), [low]).env).toEqual(["LOW=1"]);
    expect(() => resolveDeviceRequests(gpus(3), [low])).toThrow("3 GPUs were asked for, and there are 2");
  });

  test.each([
    [
      named("example.com/camera=none"),
      "CDI device injection failed: unresolvable CDI devices example.com/camera=none",
    ],
    [gpus(0, "9"), "unresolvable CDI devices nvidia.com/gpu=9"],
    [named("example.com/camera=back"), "asks for the hook /bin/evil --now, which berth does not do"],
    [named("example.com/camera=fast"), "asks for an Intel RDT class"],
    [named("example.com/camera=tmp"), "asks for a mount of type tmpfs"],
  ])("%p is refused", (requests, why) => {
    expect(() => resolveDeviceRequests(requests, [low])).toThrow(why);
  });

  test("without a specification there is no GPU", () => {
    expect(() => resolveDeviceRequests(gpus(-1), [join(root, "nothing")])).toThrow(
      'could not select device driver "" with capabilities: [[gpu]]',
    );
  });
});
