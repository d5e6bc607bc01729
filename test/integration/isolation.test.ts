/** What `run` opens and closes for a container: capabilities, system calls, hidden paths, limits, sysctls, groups. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtinImage, type ContainerLab, containerLab, unharmed } from "../support/container-lab.ts";

describe("the isolation of a container", () => {
  let lab: ContainerLab;
  beforeAll(async () => {
    lab = await containerLab();
  });
  afterAll(async () => {
    expect(lab.harm()).toEqual(unharmed);
    await lab[Symbol.asyncDispose]();
  });
  const status = async (field: string, ...flags: string[]) => {
    const { stdout } = await lab.sh(builtinImage, `grep ^${field} /proc/self/status`, ...flags);
    return stdout.split(/\s+/)[1];
  };

  test("capabilities are those asked for; none is inheritable or ambient (CVE-2022-24769)", async () => {
    const only = ["--cap-drop", "all", "--cap-add", "net_admin"];
    for (const field of ["CapPrm", "CapEff", "CapBnd"])
      expect([field, await status(field, ...only)]).toEqual([field, "0000000000001000"]);
    for (const field of ["CapInh", "CapAmb"])
      expect([field, await status(field, "--privileged")]).toEqual([field, "0000000000000000"]);
    expect(await status("CapEff", "--privileged")).toBe("000001ffffffffff");
    expect(await status("CapEff", "--cap-add", "all", "-u", "1234")).toBe("0000000000000000");
  });

  test("a capability does something", async () => {
    const add = "ip link add dummy0 type dummy 2>/dev/null || ip link set lo down; echo $?";
    expect((await lab.sh(builtinImage, add)).stdout).not.toBe("0\n");
    expect((await lab.sh(builtinImage, add, "--cap-add", "net_admin")).stdout).toBe("0\n");
  });

  test("a seccomp profile decides, an unconfined container has none, no_new_privs is set", async () => {
    const profile = join(lab.root, "no-mkdir.json");
    const rule = { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 };
    writeFileSync(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] }));
    const { stderr } = await lab.sh(builtinImage, "mkdir /new", "--security-opt", `seccomp=${profile}`);
    expect(stderr).toContain("No space left on device");
    expect(await status("Seccomp:", "--security-opt", "seccomp=unconfined")).toBe("0");
    expect(await status("Seccomp:", "--privileged")).toBe("0");
    expect(await status("Seccomp:", "--security-opt", "seccomp=builtin")).toBe("2");
    expect(await status("NoNewPrivs", "--security-opt", "no-new-privileges")).toBe("1");
    expect(await status("NoNewPrivs")).toBe("0");
  });

  test("a profile that is none is refused when the container starts", async () => {
    const profile = join(lab.root, "wrong.json");
    writeFileSync(profile, '{"defaultAction":"x"}');
    const { stderr, code } = await lab.run(["--security-opt", `seccomp=${profile}`, builtinImage, "true"]);
    expect(stderr).toContain('invalid seccomp profile: unknown action "x" of defaultAction');
    expect(code).toBe(125);
  });

  test("hidden and read-only paths are opened and closed by name", async () => {
    const mounts = async (...flags: string[]) =>
      (await lab.sh(builtinImage, "cut -d ' ' -f 2 /proc/mounts", ...flags)).stdout.split("\n");
    const usual = await mounts();
    for (const path of ["/proc/sys", "/proc/keys", "/proc/timer_list"]) expect(usual).toContain(path);
    const opened = await mounts(
      "--security-opt",
      "unmask=/proc/keys",
      "--security-opt",
      "mask=/proc/version",
    );
    expect(opened).not.toContain("/proc/keys");
    expect(opened).toContain("/proc/version");
    for (const flag of ["--security-opt=systempaths=unconfined", "--security-opt=unmask=ALL", "--privileged"])
      expect((await mounts(flag)).filter((path) => path.startsWith("/proc/"))).toEqual([]);
  });

  test("sysctls of own namespaces are set, before /proc/sys becomes read-only", async () => {
    const sysctls = ["net.ipv4.ip_forward=1", "kernel.shmmax=12345", "fs.mqueue.msg_max=11"];
    const script =
      "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax /proc/sys/fs/mqueue/msg_max; echo 2 > /proc/sys/kernel/shmmax";
    const { stdout, stderr } = await lab.sh(
      builtinImage,
      script,
      ...sysctls.flatMap((each) => ["--sysctl", each]),
    );
    expect(stdout).toBe("1\n12345\n11\n");
    expect(stderr).toContain("Read-only file system");
  });

  test("no volume and no link of the image takes the place of /proc/sys (CVE-2019-16884)", async () => {
    const sysctl = ["--sysctl", "net.ipv4.ip_forward=1"];
    for (const target of ["/proc", "/proc/sys", "/proc/sys/net/ipv4"]) {
      const { stderr, code } = await lab.run([
        ...sysctl,
        "-v",
        `${lab.victim}:${target}`,
        builtinImage,
        "true",
      ]);
      expect([target, code]).toEqual([target, 125]);
      expect(stderr).toContain("it is inside the container's /proc");
      const again = await lab.run(["--privileged", "-v", `${lab.victim}:${target}`, builtinImage, "true"]);
      expect([target, again.code]).toEqual([target, 125]);
    }
    const image = await lab.image("proc-link", [{ name: "proc", symlink: lab.victim }]);
    const linked = await lab.run([...sysctl, image, "true"]);
    expect(linked.stderr).toContain("a symbolic link of the image is in the way");
    const missing = await lab.run(["--sysctl", "net.no.such=1", builtinImage, "true"]);
    expect(missing.stderr).toContain('cannot set net.no.such to "1"');
  });

  test("groups are added by name and id, from the group file of the image", async () => {
    const image = await lab.image("groups", [
      { name: "etc/group", content: "root:x:0:\nvideo:x:44:\n" },
      { name: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\nuser:x:7:7::/:/bin/sh\n" },
    ]);
    const { stdout } = await lab.sh(
      image,
      "id -G",
      "--group-add",
      "video",
      "--group-add",
      "4711",
      "-u",
      "user",
    );
    expect(stdout).toBe("7 44 4711\n");
    const { stderr, code } = await lab.sh(image, "id -G", "--group-add", "none");
    expect({ stderr: stderr.split("\n")[0], code }).toEqual({
      stderr: "berth: unable to find group none: no matching entries in group file",
      code: 125,
    });
  });

  test("limits, shared memory, OOM score and domain name are as asked for", async () => {
    const flags =
      "--ulimit nofile=100:200 --ulimit core=0 --shm-size 1m --oom-score-adj 500 --domainname example";
    const script =
      "ulimit -n; ulimit -Hn; df -k /dev/shm | tail -1 | tr -s ' ' | cut -d ' ' -f 2; cat /proc/self/oom_score_adj /proc/sys/kernel/domainname";
    const { stdout } = await lab.sh(builtinImage, script, ...flags.split(" "));
    expect(stdout).toBe("100\n200\n1024\n500\nexample\n");
    const { stderr } = await lab.sh(builtinImage, "ls /dev/shm", "--ipc", "none");
    expect(stderr).toContain("/dev/shm: No such file or directory");
  });

  test("what needs root is refused with the reason", async () => {
    const reasons = {
      "--oom-score-adj=-500": "cannot set the OOM score adjustment to -500: permission denied",
      "--ulimit=nofile=99999999":
        "cannot set the ulimit nofile to 99999999:99999999: operation not permitted",
      "--security-opt=apparmor=docker-default": "berth cannot confine with an AppArmor profile without root",
      "--security-opt=label=type:x": "berth cannot set SELinux labels without root",
    };
    for (const [flag, reason] of Object.entries(reasons)) {
      const { stderr, code } = await lab.run([flag, builtinImage, "true"]);
      expect([flag, code]).toEqual([flag, 125]);
      expect(stderr).toContain(reason);
    }
  });

  test("devices of the host are given by name, by directory, and with --privileged", async () => {
    const device = ["--device", "/dev/null:/dev/below/nothing", "--device", "/dev/zero:/x/zero"];
    const script =
      "echo x > /dev/below/nothing && head -c 3 /x/zero | wc -c; grep -c below.*nosuid,noexec /proc/mounts";
    expect((await lab.sh(builtinImage, script, ...device)).stdout).toBe("3\n1\n");
    const { stdout } = await lab.sh(builtinImage, "ls /dev/net", "--device", "/dev/net");
    expect(stdout).toBe("tun\n");
    expect((await lab.sh(builtinImage, "ls /dev/fuse /dev/net/tun", "--privileged")).code).toBe(0);
    expect((await lab.sh(builtinImage, "ls /dev/fuse")).code).toBe(1);
  });

  test("a device goes through no link out of the root, and not over /proc", async () => {
    const image = await lab.image("device-link", [
      { name: "link", symlink: `../../../../../..${lab.victim}` },
    ]);
    await lab.sh(image, "true", "--device", "/dev/null:/link/null");
    const { stderr, code } = await lab.run(["--device", "/dev/null:/proc/version", builtinImage, "true"]);
    expect(stderr).toContain("cannot mount on /proc/version: it is inside the container's /proc");
    expect(code).toBe(125);
  });

  test("devices that are not there, or could not be limited as asked for, are refused", async () => {
    const reasons = {
      "--device=/dev/none-such": 'while adding custom device "/dev/none-such": no such file or directory',
      "--device=/etc/passwd": 'while adding custom device "/etc/passwd": not a device node',
      "--device=/dev/null:r": 'the device /dev/null cannot be limited to "r" without root',
      "--device=example.com/none=such": "unresolvable CDI devices example.com/none=such",
      "--device-cgroup-rule=c 1:3 r": "--device-cgroup-rule needs root",
      "--gpus=all": 'could not select device driver "" with capabilities: [[gpu]]',
    };
    for (const [flag, reason] of Object.entries(reasons)) {
      const { stderr, code } = await lab.run([flag, builtinImage, "true"]);
      expect([flag, code]).toEqual([flag, 125]);
      expect(stderr).toContain(reason);
    }
  });

  test("a CDI specification of the configuration gives a device, and tells what it leaves out", async () => {
    const directory = join(lab.root, "cdi");
    mkdirSync(directory);
    const hooks = [{ hookName: "createContainer", path: "/bin/h", args: ["h", "create-symlinks"] }];
    const containerEdits = {
      env: ["GIVEN=yes"],
      deviceNodes: [{ path: "/dev/given", hostPath: "/dev/zero" }],
      hooks,
    };
    const spec = {
      cdiVersion: "0.6.0",
      kind: "example.com/thing",
      devices: [{ name: "one", containerEdits }],
    };
    writeFileSync(join(directory, "thing.json"), JSON.stringify(spec));
    mkdirSync(join(lab.root, ".config/berth"), { recursive: true });
    writeFileSync(join(lab.root, ".config/berth/config.toml"), `cdi-spec-dirs = ["${directory}"]\n`);
    const script = "echo $GIVEN; head -c 2 /dev/given | wc -c";
    const { stdout, stderr } = await lab.sh(builtinImage, script, "--device", "example.com/thing=one");
    expect(stdout).toBe("yes\n2\n");
    expect(stderr).toContain("the CDI hook create-symlinks of example.com/thing=one is not run");
  });

  test("with one id rights are the same, and what takes more ids is refused", async () => {
    const bin = join(lab.root, "no-newuidmap");
    mkdirSync(bin);
    const env = { PATH: bin, BERTH_ROOT: join(lab.root, "one-id") };
    const sh = (script: string, ...flags: string[]) =>
      lab.run([...flags, builtinImage, "sh", "-c", script], { env });
    const script = "grep CapEff /proc/self/status; chown 5 /tmp && mount -t tmpfs none /tmp && echo mounted";
    expect((await sh(script, "--privileged")).stdout).toBe("CapEff:\t000001ffffffffff\nmounted\n");
    const refused = {
      "--userns=keep-id": "--userns=keep-id needs subordinate ids: newuidmap is not installed",
      "--group-add=5": "groups cannot be added: newuidmap is not installed",
      "--volume=given:/given:U": "cannot give /given to 7:0 (:U): there is no such user in this id map",
    };
    for (const [flag, reason] of Object.entries(refused)) {
      const { stderr, code } = await sh("true", flag, ...(flag.endsWith("U") ? ["-u", "7"] : []));
      expect(stderr).toContain(reason);
      expect([flag, code]).toEqual([flag, 125]);
    }
    await lab.berth(["volume", "prune", "-af"], { env });
  });

  test("users that are no numbers and no names are refused (CVE-2026-30892)", async () => {
    for (const user of ["0\n", "+1", "4294967296", "-1", "0x0", "root:", ":0:0"]) {
      const { code } = await lab.run(["-u", user, builtinImage, "true"]);
      expect([user, code]).toEqual([user, 125]);
    }
  });

  test("inspect shows what was asked for", async () => {
    const flags =
      "--cap-add sys_time --cap-drop kill --security-opt no-new-privileges --group-add 5 --ulimit nofile=9:9 --sysctl net.ipv4.ip_forward=1 --shm-size 1m --oom-score-adj 3 --annotation a=b --ipc shareable --domainname d --stop-timeout 7";
    await lab.berth([
      "run",
      "--name",
      "shown",
      "--network",
      "none",
      ...flags.split(" "),
      builtinImage,
      "true",
    ]);
    const { stdout } = await lab.berth(["inspect", "shown"]);
    const [{ HostConfig, Config }] = JSON.parse(stdout);
    expect(HostConfig).toMatchObject({
      CapAdd: ["CAP_SYS_TIME"],
      CapDrop: ["CAP_KILL"],
      SecurityOpt: ["no-new-privileges"],
      GroupAdd: ["5"],
      Ulimits: [{ Name: "nofile", Hard: 9, Soft: 9 }],
      Sysctls: { "net.ipv4.ip_forward": "1" },
      ShmSize: 1048576,
      OomScoreAdj: 3,
      Annotations: { a: "b" },
      IpcMode: "shareable",
    });
    expect([Config.Domainname, Config.StopTimeout]).toEqual(["d", 7]);
  });
});
