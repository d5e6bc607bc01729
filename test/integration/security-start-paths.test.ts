/** No link, FIFO or large file of an image, and no volume, leads what berth mounts, makes or reads outside the root. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import {
  builtinImage,
  type ContainerLab,
  containerLab,
  type LayerEntry,
  unharmed,
} from "../support/container-lab.ts";
import { tinyElf } from "../support/tiny-elf.ts";

describe.each(["overlay", "fuse-overlayfs"])("paths of a hostile image, with %s", (driver) => {
  let lab: ContainerLab;
  beforeAll(async () => {
    lab = await containerLab(driver);
  });
  afterAll(async () => {
    expect(lab.harm()).toEqual(unharmed);
    await lab[Symbol.asyncDispose]();
  });
  /** Out by its name, and out by climbing. */
  const outside = () => [lab.victim, `../../../../../../../../..${lab.victim}`];

  test("links where volumes go are followed inside the root only (CVE-2021-30465)", async () => {
    const image = await lab.image("volumes", [
      { name: "absolute", symlink: outside()[0]! },
      { name: "climbing", symlink: outside()[1]! },
      { name: "up", symlink: "/.." },
      { name: "first", symlink: "second" },
      { name: "second", symlink: "/../../absolute" },
    ]);
    const source = join(lab.root, "shared");
    mkdirSync(source);
    writeFileSync(join(source, "file"), "of the volume\n");
    const targets = ["absolute", "climbing", "first", "up/x", "absolute/deep/er"];
    for (const target of targets) {
      const { code, stdout, stderr } = await lab.sh(
        image,
        `cat /${target}/file && cat ${lab.victim}/secret`,
        "-v",
        `${source}:/${target}`,
        "-v",
        `made-${target.replaceAll("/", "-")}:/${target}/sub/volume`,
        "--tmpfs",
        `/${target}/scratch`,
      );
      expect([target, stdout, code]).toEqual([target, "of the volume\n", 1]);
      expect(stderr).toContain("No such file or directory");
    }
    expect(readdirSync(source).toSorted()).toEqual(["file", "scratch", "sub"]);
    const { stdout } = await lab.sh(image, "cat /up/f", "-v", `${source}/file:/up/f`);
    expect(stdout).toBe("of the volume\n");
  }, 20_000);

  test("volumes of the image go through links inside the root, and are filled from there", async () => {
    const image = await lab.image(
      "populated",
      [
        { name: "data", symlink: lab.victim },
        { name: "inside/", type: "5", mode: 0o755 },
        { name: "inside/file", content: "of the image\n" },
        { name: "there", symlink: "../../../inside" },
      ],
      { Volumes: { "/data": {}, "/there": {}, "/data/../there/below": {} } },
    );
    const script = `ls -A /data/; cat /there/file; cat ${lab.victim}/secret; true`;
    const { code, stdout } = await lab.sh(image, script);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "of the image\n" });
    const named = await lab.sh(image, script, "-v", "kept:/there", "-v", "other:/data");
    expect(named.stdout).toBe("of the image\n");
  });

  test("nothing is mounted on /proc or on the root itself", async () => {
    const image = await lab.image("to-proc", [
      { name: "link", symlink: "proc" },
      { name: "deep", symlink: "proc/sys/kernel" },
      { name: "self", symlink: "/" },
      { name: "above", symlink: "../.." },
    ]);
    const targets = ["/proc", "/proc/sys", "/link", "/deep", "/proc/1/attr", "/self", "/above"];
    const flags = [
      (target: string) => ["-v", `vol:${target}`],
      (target: string) => ["--tmpfs", target],
      (target: string) => ["-v", `${lab.victim}:${target}`],
    ];
    for (const [index, target] of targets.entries()) {
      const flag = flags[index % flags.length]!(target);
      const { code, stdout, stderr } = await lab.sh(image, "echo started", ...flag);
      expect([flag, stdout, code]).toEqual([flag, "", 125]);
      expect(stderr).toContain(`cannot mount on ${target}`);
    }
  }, 20_000);

  test.each([
    ["/proc", [{ name: "proc", symlink: "tmp" }]],
    ["/sys", [{ name: "sys", symlink: "tmp" }]],
    ["/dev", [{ name: "dev", symlink: "tmp" }]],
    ["/proc as a file", [{ name: "proc", content: "x" }]],
    ["/dev as a FIFO", [{ name: "dev", type: "6" }]],
  ] as [string, LayerEntry[]][])("a foreign %s is refused (CVE-2019-19921)", async (name, entries) => {
    const image = await lab.image(`system${name.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`, entries);
    const { code, stdout, stderr } = await lab.sh(image, "echo started");
    expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
    expect(stderr).toMatch(/cannot (mount|provide) .*(\/proc|\/sys|\/dev)/);
  });

  test("what the image has in /dev, /proc and /sys is covered (CVE-2025-31133, CVE-2025-52565)", async () => {
    const names = [
      "null",
      "zero",
      "console",
      "pts",
      "ptmx",
      "shm",
      "mqueue",
      "fd",
      "stdin",
      "tty",
      "init",
      "core",
    ];
    const image = await lab.image("devices", [
      { name: "dev/", type: "5", mode: 0o755 },
      ...names.map((name) => ({ name: `dev/${name}`, symlink: join(lab.victim, "secret") })),
      { name: "proc/", type: "5", mode: 0o755 },
      { name: "proc/sys", symlink: lab.victim },
      { name: "sys/", type: "5", mode: 0o755 },
      { name: "sys/firmware", symlink: lab.victim },
    ]);
    const script = `stat -c %t:%T /dev/null /dev/zero; readlink /dev/ptmx; readlink /dev/fd; echo x >/dev/null
      for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do test ! -e $f || stat -c %t:%T $f; done
      ls -A /sys/firmware; test -c /dev/console && echo console; exit 0`;
    const { code, stdout } = await lab.sh(image, script);
    expect(code).toBe(0);
    expect(stdout).toStartWith("1:3\n1:5\npts/ptmx\n/proc/self/fd\n");
    const masks = stdout.split("\n").slice(4).filter(Boolean);
    expect(masks.length).toBeGreaterThan(0);
    expect(new Set(masks)).toEqual(new Set(["1:3"]));
    expect((await lab.sh(image, "true", "--init")).code).toBe(0);
  });

  test("/etc/hosts, hostname and resolv.conf of the image may lead where they like (CVE-2018-15664)", async () => {
    const names = ["hosts", "hostname", "resolv.conf"];
    const secret = join(lab.victim, "secret");
    const made = join(lab.victim, "made");
    for (const [index, target] of [secret, made, `../../../../../..${secret}`].entries()) {
      const image = await lab.image(
        `etc-${index}`,
        names.map((name) => ({ name: `etc/${name}`, symlink: target })),
      );
      const script = "cat /etc/hostname; for f in hosts hostname resolv.conf; do echo changed >/etc/$f; done";
      const { code } = await lab.sh(image, script, "--hostname", "box");
      expect(code).toBe(0);
    }
    const whole = await lab.image("etc-whole", [{ name: "etc", symlink: lab.victim }]);
    expect((await lab.sh(whole, "echo x >/etc/hosts; echo y >/etc/new")).code).toBe(0);
    const fifo = await lab.image(
      "etc-fifo",
      names.map((name) => ({ name: `etc/${name}`, type: "6" })),
    );
    expect(await lab.sh(fifo, "cat /etc/hostname", "--hostname", "box")).toMatchObject({
      code: 0,
      stdout: "box\n",
    });
    const toNull = await lab.image("etc-null", [{ name: "etc/hosts", symlink: "/dev/null" }]);
    expect((await lab.sh(toNull, "busybox stat -c %t:%T /proc/timer_list")).stdout).toBe("1:3\n");
  }, 20_000);

  test("the working directory is made and entered inside the root (CVE-2026-55686)", async () => {
    const image = await lab.image(
      "directory",
      [
        { name: "out", symlink: lab.victim },
        { name: "climb", symlink: `../../../..${lab.victim}` },
      ],
      { WorkingDir: "/out/made" },
    );
    expect(await lab.sh(image, `pwd -P; ls ..; cat ${lab.victim}/secret`)).toMatchObject({
      code: 1,
      stdout: `${lab.victim}/made\nmade\n`,
    });
    expect((await lab.sh(image, "pwd -P", "-w", "/climb/x/y")).stdout).toBe(`${lab.victim}/x/y\n`);
    expect((await lab.sh(image, "pwd -P", "-w", "/../../../tmp")).stdout).toBe("/tmp\n");
  });

  test("accounts are read from plain, small files of the root only (CVE-2024-9676)", async () => {
    const secret = join(lab.victim, "passwd");
    const uid = "busybox stat -c %u /proc/self/";
    const link = await lab.image("passwd-link", [
      { name: "etc/passwd", symlink: "/proc/self/root/etc/passwd" },
    ]);
    expect(await lab.sh(link, "id", "-u", "root:root")).toMatchObject({ code: 125 });
    const host = await lab.image("passwd-host", [{ name: "etc/passwd", symlink: secret }]);
    expect(await lab.sh(host, "id", "-u", "alice")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("unable to find user alice"),
    });
    const fifo = await lab.image("passwd-fifo", [
      { name: "etc/passwd", type: "6" },
      { name: "etc/group", type: "6" },
    ]);
    expect(await lab.sh(fifo, uid, "-u", "7")).toMatchObject({ code: 0, stdout: "7\n" });
    const large = await lab.image("passwd-large", [
      { name: "etc/group", content: Buffer.alloc(2 << 20, "x") },
    ]);
    expect(await lab.sh(large, uid, "-u", "7")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("/etc/group of the image is larger"),
    });
    const device = await lab.image("passwd-device", [{ name: "etc/passwd", symlink: "/dev/zero" }]);
    expect(await lab.sh(device, uid, "-u", "7")).toMatchObject({ code: 0, stdout: "7\n" });
  });

  test.skipIf(process.arch !== "x64")(
    "links that another container swaps during starts lead nowhere (CVE-2021-30465)",
    async () => {
      const shared = join(lab.root, "swapped");
      mkdirSync(shared);
      // A directory and a link change places under one name (renameat2(2), RENAME_EXCHANGE).
      const swapping = await lab.image("swapping", [
        {
          name: "swap",
          content: tinyElf(
            [{ number: 316, args: [-100, { bytes: "/s/d" }, -100, { bytes: "/s/l" }, 2] }],
            "forever",
          ),
          mode: 0o755,
        },
      ]);
      const swap = `mkdir /s/d; ln -s ${lab.victim} /s/l; echo ready; exec /swap`;
      const swapper = Bun.spawn(
        [
          berthExecutable,
          "run",
          "--rm",
          "--network",
          "none",
          "-v",
          `${shared}:/s`,
          swapping,
          "sh",
          "-c",
          swap,
        ],
        {
          env: {
            PATH: process.env.PATH ?? "",
            HOME: lab.root,
            BERTH_ROOT: join(lab.root, "data"),
            BERTH_STORAGE_DRIVER: driver,
          },
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      try {
        await swapper.stdout.getReader().read();
        const attempts = await Promise.all(
          Array.from({ length: 12 }, (_, index) =>
            lab.sh(
              builtinImage,
              `cat ${lab.victim}/secret /s/d/secret /s/d/v/secret; touch /s/d/v/touched; true`,
              "-v",
              `${shared}:/s`,
              "-v",
              `race-${index}:/s/d/v`,
              "--tmpfs",
              "/s/d/t/x",
              "-w",
              "/s/d/w",
            ),
          ),
        );
        // A start may fail while the name is not there; none may see the secret.
        expect(attempts.map(({ stdout }) => stdout)).toEqual(attempts.map(() => ""));
        expect(new Set(attempts.map(({ code }) => code)).difference(new Set([0, 125]))).toEqual(new Set());
      } finally {
        swapper.kill("SIGKILL");
        await swapper.exited;
      }
      expect(lab.harm()).toEqual(unharmed);
    },
    30_000,
  );
});

describe("a volume", () => {
  test("is filled with links as links, and never over what it has", async () => {
    await using lab = await containerLab();
    const image = await lab.image("filler", [
      { name: "data/", type: "5", mode: 0o755 },
      { name: "data/link", symlink: join(lab.victim, "secret") },
      { name: "data/file", content: "image\n" },
    ]);
    expect(
      (await lab.sh(image, "busybox readlink /data/link; echo own >/data/file", "-v", "fill:/data")).stdout,
    ).toBe(`${lab.victim}/secret\n`);
    expect((await lab.sh(image, "cat /data/file; ls /data", "-v", "fill:/data")).stdout).toBe(
      "own\nfile\nlink\n",
    );
    expect(lab.harm()).toEqual(unharmed);
    expect(existsSync(join(lab.root, "data/volumes/fill/_data/file"))).toBe(true);
    expect(readFileSync(join(lab.root, "data/volumes/fill/_data/file"), "utf8")).toBe("own\n");
  });
});
