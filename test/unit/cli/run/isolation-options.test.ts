import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFlags } from "../../../../src/cli/flags/parse.ts";
import { isolationFlags } from "../../../../src/cli/run/isolation-flags.ts";
import { isolationOptions } from "../../../../src/cli/run/isolation-options.ts";
import { confinementOf } from "../../../../src/engine/confinement.ts";
import { capabilityNames, defaultCapabilities } from "../../../../src/sys/capabilities.ts";

function options(line: string, network: "host" | "slirp4netns" = "slirp4netns", workingDirectory = "/") {
  const parsed = parseFlags(isolationFlags, line.split(" ").filter(Boolean), { interspersed: false });
  if (parsed.kind !== "values") throw new Error("help");
  return isolationOptions(parsed.values, { network, workingDirectory });
}

describe("isolation options", () => {
  test("what is not asked for is not there", () => expect(options("")).toEqual({}));

  test("capabilities are shown as Docker does: prefixed, sorted, once, and not dropped when added", () => {
    expect(options("--cap-add net_admin --cap-add CAP_CHOWN --cap-add chown --cap-drop all")).toEqual({
      capAdd: ["CAP_CHOWN", "CAP_NET_ADMIN"],
      capDrop: ["ALL"],
    });
    expect(options("--cap-add kill --cap-drop KILL --cap-drop setuid")).toEqual({
      capAdd: ["CAP_KILL"],
      capDrop: ["CAP_SETUID"],
    });
    expect(options("--cap-add all --cap-add kill")).toEqual({ capAdd: ["ALL"] });
  });

  test.each([
    ["", defaultCapabilities],
    ["--cap-drop all", []],
    ["--cap-drop all --cap-add kill", ["KILL"]],
    ["--cap-drop kill", defaultCapabilities.filter((name) => name !== "KILL")],
    ["--cap-add sys_time", [...defaultCapabilities, "SYS_TIME"]],
    ["--cap-add all --cap-drop sys_admin", capabilityNames.filter((name) => name !== "SYS_ADMIN")],
    ["--privileged --cap-drop all", capabilityNames],
  ] as const)("%s gives the capabilities that Docker gives", (line, expected) => {
    expect(confinementOf(options(line)).capabilities.toSorted()).toEqual([...expected].toSorted());
  });

  test("privileged lifts the filter and the masks, and an own profile stays", () => {
    const { seccomp, maskedPaths, readOnlyPaths } = confinementOf(options("--privileged"));
    expect({ seccomp, maskedPaths, readOnlyPaths }).toEqual({
      seccomp: "unconfined",
      maskedPaths: [],
      readOnlyPaths: [],
    });
    expect(confinementOf(options("--privileged --security-opt seccomp=builtin")).seccomp).toBe("builtin");
  });

  test("a seccomp profile is read, compacted without touching strings and numbers, and kept", () => {
    const directory = mkdtempSync(join(tmpdir(), "berth-profile-"));
    writeFileSync(
      join(directory, "p.json"),
      '{ "defaultAction": "a  b\\" ",\n "n": 18446744073709551615 }\n',
    );
    const { securityOptions } = options("--security-opt seccomp=p.json", undefined, directory);
    rmSync(directory, { recursive: true });
    expect(securityOptions).toEqual(['seccomp={"defaultAction":"a  b\\" ","n":18446744073709551615}']);
  });

  test("security options are kept as they are shown, and the last one of a kind holds", () => {
    const asked = options(
      "--security-opt no-new-privileges --security-opt label=disable --security-opt apparmor:unconfined --security-opt no-new-privileges:false",
    );
    expect(asked.securityOptions).toEqual([
      ...["no-new-privileges", "label=disable", "apparmor:unconfined", "no-new-privileges=false"],
    ]);
    expect(confinementOf(asked).noNewPrivileges).toBe(false);
    expect(confinementOf(options("--security-opt no-new-privileges=true")).noNewPrivileges).toBe(true);
  });

  test("paths of /proc and /sys are hidden and shown", () => {
    expect(options("--security-opt systempaths=unconfined").systemPaths).toEqual({
      masked: [],
      readOnly: [],
    });
    const { masked, readOnly } = options(
      "--security-opt mask=/proc/version:/sys/x --security-opt unmask=/proc/s*:/proc/keys",
    ).systemPaths!;
    expect(masked).toContain("/sys/x");
    expect(masked).not.toContain("/proc/scsi");
    expect(masked).not.toContain("/proc/keys");
    expect(readOnly).toEqual(["/proc/bus", "/proc/fs", "/proc/irq"]);
  });

  test("limits, sysctls and numbers become what the kernel is told", () => {
    expect(
      options(
        "--ulimit nofile=10:20 --ulimit core=-1 --ulimit nofile=30 --sysctl net.ipv4.ip_forward=1 --sysctl kernel.sem=1=2 --shm-size 1m --oom-score-adj 5 --annotation a=b=c --domainname x.y --group-add a --group-add 5",
      ),
    ).toEqual({
      limits: [
        { name: "nofile", soft: 30, hard: 30 },
        { name: "core", soft: -1, hard: -1 },
      ],
      sysctls: { "net.ipv4.ip_forward": "1", "kernel.sem": "1=2" },
      sharedMemorySize: 1048576,
      oomScoreAdjustment: 5,
      annotations: { a: "b=c" },
      domainname: "x.y",
      groupAdd: ["a", "5"],
    });
  });

  test.each([
    ["--cap-add foo", 'invalid CapAdd: unknown capability: "CAP_FOO"'],
    ["--cap-drop foo", 'invalid CapDrop: unknown capability: "CAP_FOO"'],
    ["--security-opt foo", 'invalid --security-opt: "foo"'],
    ["--security-opt foo=bar", 'invalid --security-opt: "foo=bar"'],
    ["--security-opt no-new-privileges=maybe", 'invalid --security-opt: "no-new-privileges=maybe"'],
    ["--security-opt seccomp=/nowhere", "opening seccomp profile (/nowhere) failed"],
    ["--security-opt seccomp=/etc/hostname", "compacting json for seccomp profile (/etc/hostname) failed"],
    ["--security-opt apparmor=docker-default", "cannot confine with an AppArmor profile"],
    ["--security-opt label=type:x", "cannot set SELinux labels"],
    ["--security-opt mask=/etc/passwd", 'invalid --security-opt: "mask=/etc/passwd"'],
    ["--security-opt mask=/proc/../etc", "invalid --security-opt"],
    ["--security-opt systempaths=x", "invalid --security-opt"],
    ["--sysctl kernel.hostname=x", "sysctl 'kernel.hostname=x' is not allowed"],
    ["--sysctl net.ipv4/../../kernel=x", "is not allowed"],
    ["--sysctl net..x=1", "is not allowed"],
    ["--sysctl net.x", "is not allowed"],
    ["--ulimit nofile", "invalid ulimit argument: nofile"],
    ["--ulimit as=1", "invalid ulimit type: as"],
    ["--ulimit nofile=2:1", "ulimit soft limit must be less than or equal to hard limit: 2 > 1"],
    ["--ulimit nofile=1:2:3", "too many limit values - 1:2:3"],
    ["--ulimit nofile=x", "invalid syntax"],
    ["--oom-score-adj 1001", "Invalid value 1001, range for oom score adj is [-1000, 1000]"],
    ["--group-add keep-groups --group-add 5", "not allowed with any other"],
    ["--annotation x", "invalid annotation 'x'"],
    ["--domainname a/b", "invalid domainname format: a/b"],
    ["--shm-size x", "invalid size: 'x'"],
    ["--ipc container:", "--ipc: invalid IPC mode"],
    ["--isolation hyperv", "invalid isolation 'hyperv' on linux"],
    ["--runtime nvidia", "unknown or invalid runtime name: nvidia"],
    ["--disable-content-trust=false", "berth has no content trust"],
    ["--device-cgroup-rule x", "--device-cgroup-rule needs root"],
  ])("%s is refused", (line, why) => expect(() => options(line)).toThrow(why));

  test("what the host shares is not changed", () => {
    expect(() => options("--sysctl net.ipv4.ip_forward=1", "host")).toThrow(
      "sysctl 'net.ipv4.ip_forward' is not allowed in the host's network namespace",
    );
    expect(() => options("--ipc host --sysctl kernel.shmmax=1")).toThrow("in the host's IPC namespace");
  });
});
