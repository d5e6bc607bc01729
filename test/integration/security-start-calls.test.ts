/** What the kernel refuses to a container's program: calls, capabilities, ids. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { startInTerminal } from "../support/terminal-session.ts";
import { type RawCall, tinyElf } from "../support/tiny-elf.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const [EPERM, ESRCH, ENOSYS] = [1, 3, 38];
const newUser = 0x10000000;
const newMount = 0x20000;
const x32 = 0x40000000;
const zeros = { bytes: new Uint8Array(128) };
const i386 = "i386" as const;

/** By name: the call, and the errno that it ends with. Numbers from asm/unistd_64.h and asm/unistd_32.h. */
const refused: Readonly<Record<string, readonly [RawCall, number]>> = {
  keyctl: [{ number: 250, args: [0, -3, 0] }, EPERM],
  "add-key": [{ number: 248, args: [{ bytes: "user" }, { bytes: "x" }, { bytes: "y" }, 1, -3] }, EPERM],
  "request-key": [{ number: 249, args: [{ bytes: "user" }, { bytes: "x" }, 0, -3] }, EPERM],
  bpf: [{ number: 321, args: [0, zeros, 72] }, EPERM],
  userfaultfd: [{ number: 323, args: [1] }, EPERM],
  "io-uring": [{ number: 425, args: [4, zeros] }, EPERM],
  perf: [{ number: 298, args: [zeros, 0, -1, -1, 0] }, EPERM],
  "unshare-user": [{ number: 272, args: [newUser] }, EPERM],
  "unshare-mount": [{ number: 272, args: [newMount] }, EPERM],
  setns: [{ number: 308, args: [0, 0] }, EPERM],
  "clone-user": [{ number: 56, args: [newUser | 17, 0, 0, 0, 0] }, EPERM],
  clone3: [{ number: 435, args: [zeros, 88] }, ENOSYS],
  mount: [{ number: 165, args: [{ bytes: "x" }, { bytes: "/tmp" }, { bytes: "tmpfs" }, 0, 0] }, EPERM],
  umount: [{ number: 166, args: [{ bytes: "/proc/keys" }, 2] }, EPERM],
  "move-mount": [{ number: 429, args: [-100, { bytes: "/proc/keys" }, -100, { bytes: "/tmp" }, 0] }, EPERM],
  "open-tree": [{ number: 428, args: [-100, { bytes: "/" }, 1] }, EPERM],
  fsopen: [{ number: 430, args: [{ bytes: "tmpfs" }, 0] }, EPERM],
  "mount-setattr": [{ number: 442, args: [-100, { bytes: "/sys" }, 0, zeros, 32] }, EPERM],
  "pivot-root": [{ number: 155, args: [{ bytes: "/" }, { bytes: "/" }] }, EPERM],
  "open-by-handle": [{ number: 304, args: [-100, zeros, 0] }, EPERM],
  "pidfd-getfd": [{ number: 438, args: [0, 0, 0] }, EPERM],
  reboot: [{ number: 169, args: [0xfee1dead, 672274793, 0, 0] }, EPERM],
  "kexec-load": [{ number: 246, args: [0, 0, 0, 0] }, EPERM],
  "init-module": [{ number: 175, args: [zeros, 1, { bytes: "" }] }, EPERM],
  sethostname: [{ number: 170, args: [{ bytes: "x" }, 1] }, EPERM],
  "set-time": [{ number: 227, args: [0, zeros] }, EPERM],
  syslog: [{ number: 103, args: [3, zeros, 100] }, EPERM],
  "af-vsock": [{ number: 41, args: [40, 1, 0] }, EPERM],
  "af-alg": [{ number: 41, args: [38, 5, 0] }, EPERM],
  personality: [{ number: 135, args: [0x40000] }, EPERM],
  tiocsti: [{ number: 16, args: [0, 0x5412, { bytes: "x" }] }, EPERM],
  // The kernel looks at the lower half of the request only (CVE-2019-10063).
  "tiocsti-wide": [{ number: 16, args: [0, 0x1_0000_5412, { bytes: "x" }] }, EPERM],
  tioclinux: [{ number: 16, args: [0, 0x541c, { bytes: "\x03" }] }, EPERM],
  "block-device": [{ number: 133, args: [{ bytes: "/dev/shm/disk" }, 0o60600, 0xfe00] }, EPERM],
  "ptrace-the-parent": [{ number: 101, args: [16, 4194303, 0, 0] }, ESRCH],
  "x32-getpid": [{ number: x32 | 39 }, ENOSYS],
  "x32-keyctl": [{ number: x32 | 250, args: [0, -3, 0] }, ENOSYS],
  unknown: [{ number: 1000 }, ENOSYS],
  "i386-keyctl": [{ number: 288, args: [0, -3, 0], abi: i386 }, EPERM],
  "i386-bpf": [{ number: 357, args: [0, zeros, 72], abi: i386 }, EPERM],
  "i386-unshare": [{ number: 310, args: [newUser], abi: i386 }, EPERM],
  "i386-clone": [{ number: 120, args: [newUser | 17, 0, 0, 0, 0], abi: i386 }, EPERM],
  "i386-mount": [
    { number: 21, args: [{ bytes: "x" }, { bytes: "/tmp" }, { bytes: "tmpfs" }, 0, 0], abi: i386 },
    EPERM,
  ],
  "i386-umount": [{ number: 22, args: [{ bytes: "/proc/keys" }], abi: i386 }, EPERM],
  "i386-io-uring": [{ number: 425, args: [4, zeros], abi: i386 }, EPERM],
  "i386-tiocsti": [{ number: 54, args: [0, 0x5412, { bytes: "x" }], abi: i386 }, EPERM],
};

/** The same kind of programs, with calls that must work: it is the call that is refused, and not the program. */
const allowed: Readonly<Record<string, RawCall>> = {
  getpid: { number: 39 },
  "getpid-i386": { number: 20, abi: i386 },
  socket: { number: 41, args: [1, 1, 0] },
  fork: { number: 56, args: [17, 0, 0, 0, 0] },
  "trace-me": { number: 101, args: [0, 0, 0, 0] },
  memfd: { number: 319, args: [{ bytes: "x" }, 0] },
  chroot: { number: 161, args: [{ bytes: "/tmp" }] },
};

describe.skipIf(process.arch !== "x64")("system calls of a container (CVE-2017-5226)", () => {
  let image: string;
  const withoutI386 = 139; // the kernel has no such ABI, and the program dies
  beforeAll(async () => {
    const program = (name: string, call: RawCall) => ({ name, content: tinyElf([call]), mode: 0o755 });
    image = await lab.image("calls", [
      ...Object.entries(refused).map(([name, [call]]) => program(`refused/${name}`, call)),
      ...Object.entries(allowed).map(([name, call]) => program(`allowed/${name}`, call)),
    ]);
  });
  const script = "for p in /$KIND/*; do $p </dev/null >/dev/null 2>&1; echo ${p##*/} $?; done";
  const statuses = (stdout: string) =>
    Object.fromEntries(
      stdout
        .trim()
        .split(/\r?\n/)
        .map((line) => line.split(" "))
        .map(([name, status]) => [name, Number(status)]),
    );
  const outcome = async (kind: string, ...flags: string[]) =>
    statuses((await lab.sh(image, script, "-e", `KIND=${kind}`, ...flags)).stdout);

  test.each([
    ["root", []],
    ["another user", ["-u", "1000:1000"]],
    ["a program under an init", ["--init"]],
  ])("that would lead out or reach the kernel's dark corners are refused to %s", async (_, flags) => {
    const found = await outcome("refused", ...flags);
    const expected = Object.fromEntries(
      Object.entries(refused).map(([name, [, errno]]) => [
        name,
        found[name] === withoutI386 && name.startsWith("i386") ? withoutI386 : errno,
      ]),
    );
    expect(found).toEqual(expected);
  });

  test("that are harmless work", async () => {
    const found = await outcome("allowed");
    for (const [name, status] of Object.entries(found)) {
      expect([name, status === withoutI386 && name.endsWith("i386") ? 0 : status]).toEqual([name, 0]);
    }
    expect(Object.keys(found)).toHaveLength(Object.keys(allowed).length);
    expect((await outcome("allowed", "-u", "1000:1000")).chroot).toBe(EPERM);
  });

  test("that type into a terminal are refused on the container's own terminal, too", async () => {
    using session = startInTerminal(lab.root, [
      "run",
      "--rm",
      "-it",
      "--network",
      "none",
      image,
      "sh",
      "-c",
      "/refused/tiocsti; echo status $?; /refused/tioclinux; echo status $?",
    ]);
    expect(await session.exited).toBe(0);
    expect(session.output()).toBe("status 1\r\nstatus 1\r\n");
  });

  test("pass one filter; a program may gain privileges as under Docker, by setuid files of its root", async () => {
    const { stdout } = await lab.sh(builtinImage, "grep -E '^(Seccomp|NoNewPrivs):' /proc/1/status");
    expect(stdout).toBe("NoNewPrivs:\t0\nSeccomp:\t2\n");
  });
});

describe("capabilities and ids of a container", () => {
  const status = async (...flags: string[]) => {
    const { stdout } = await lab.run([...flags, builtinImage, "cat", "/proc/self/status"]);
    return Object.fromEntries(stdout.split("\n").map((line) => line.split(/:\s*/) as [string, string]));
  };
  const none = "0000000000000000";
  /** Docker's fourteen. */
  const defaults = "00000000a80425fb";

  test("root has Docker's fourteen, and no inheritable or ambient ones (CVE-2022-24769)", async () => {
    const sets = { CapInh: none, CapPrm: defaults, CapEff: defaults, CapBnd: defaults, CapAmb: none };
    expect(await status()).toMatchObject(sets);
    expect(await status("--init")).toMatchObject(sets);
    expect(await status("-u", "0:33")).toMatchObject(sets);
  });

  test("other users have none, and the bounding set is the same", async () => {
    const sets = { CapInh: none, CapPrm: none, CapEff: none, CapBnd: defaults, CapAmb: none };
    for (const flags of [
      ["-u", "1000"],
      ["-u", "33:0"],
      ["--init", "-u", "65534:65534"],
    ])
      expect(await status(...flags)).toMatchObject(sets);
  });

  test("groups are those of the account in the root, with the primary one among them (CVE-2022-2989)", async () => {
    const image = await lab.image("groups", [
      {
        name: "etc/passwd",
        content: "root:x:0:0::/root:/bin/sh\nweb:x:33:33::/:/bin/sh\n1000:x:0:0::/:/bin/sh\n",
      },
      { name: "etc/group", content: "root:x:0:\nweb:x:33:\nlog:x:44:web,root\n1000:x:0:web\n" },
    ]);
    const ids = async (...flags: string[]) => {
      const { stdout } = await lab.run([
        ...flags,
        image,
        "busybox",
        "grep",
        "-E",
        "^(Uid|Gid|Groups):",
        "/proc/self/status",
      ]);
      return stdout.split("\n").map((line) =>
        line
          .replace(/^\w+:\s*/, "")
          .trim()
          .split(/\s+/)
          .join(" "),
      );
    };
    const four = (id: number) => `${id} ${id} ${id} ${id}`;
    const noGroup = (id: number) => [four(id), four(id), String(id), ""];
    expect(await ids()).toEqual([four(0), four(0), "0 44", ""]);
    expect(await ids("-u", "web")).toEqual([four(33), four(33), "0 33 44", ""]);
    expect(await ids("-u", "33")).toEqual([four(33), four(33), "0 33 44", ""]);
    expect(await ids("-u", "web:log")).toEqual([four(33), four(44), "44", ""]);
    expect(await ids("-u", "7:7")).toEqual(noGroup(7));
    // An account named like a number is not what the number means.
    expect(await ids("-u", "1000:1000")).toEqual(noGroup(1000));
  });

  test("a group that is excluded from a file stays excluded (CVE-2022-2989)", async () => {
    const image = await lab.image("negative", [
      { name: "closed", content: "secret\n", mode: 0o604, gid: 500 },
      { name: "bin/sgid", symlink: "busybox" },
    ]);
    expect(await lab.run(["-u", "7:500", image, "cat", "/closed"])).toMatchObject({ code: 1, stdout: "" });
    expect(await lab.run(["-u", "7:501", image, "cat", "/closed"])).toMatchObject({ stdout: "secret\n" });
  });

  test.each([
    "0\n",
    "+1",
    "-1",
    " 1",
    "1 ",
    "4294967296",
    "4294967295",
    "0x0",
    "root\n",
    "root:",
    "a:b:c",
    "\x1b[2J",
  ])("the user %j is refused, without being printed raw (CVE-2026-30892)", async (user) => {
    const { code, stdout, stderr } = await lab.run(["-u", user, builtinImage, "id"]);
    expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
    expect(stderr).not.toContain("\x1b");
  });

  test("an image's User is held to the same grammar", async () => {
    for (const [index, User] of ["root:x:0:0", "0\n0", "+0"].entries()) {
      const image = await lab.image(`user-${index}`, [], { User });
      expect(await lab.run([image, "id"])).toMatchObject({ code: 125, stdout: "" });
    }
  });
});

describe("without subordinate ids", () => {
  test("no program gains privileges, and there is but one id", async () => {
    // A PATH without newuidmap is a machine without it.
    const options = { env: { PATH: "/nowhere" } };
    await using one = await containerLab();
    const { stdout, code } = await one.run(
      [builtinImage, "sh", "-c", "cat /proc/self/status; cat /proc/self/uid_map; chown 5:5 /tmp; echo $?"],
      options,
    );
    expect(code).toBe(0);
    expect(stdout).toContain("NoNewPrivs:\t1");
    expect(stdout).toContain("CapInh:\t0000000000000000");
    expect(stdout).toMatch(/\n +0 +\d+ +1\n0\n$/);
    expect(await one.run(["-u", "1000", builtinImage, "id"], options)).toMatchObject({
      code: 125,
      stdout: "",
    });
  });
});
