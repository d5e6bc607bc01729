/** Which namespaces a container has: its own, the host's, another container's; and that nothing of it stays behind. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab, unharmed } from "../support/container-lab.ts";

/** Processes of the host whose command line has this word. */
function processesWith(word: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readFileSync(`/proc/${name}/cmdline`, "latin1").includes(word) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(10);
}

describe.each(["overlay", "fuse-overlayfs"])("namespaces of a container, with %s", (driver) => {
  let lab: ContainerLab;
  /** A container that runs until the tests end; `ready` is its first line. */
  let donor: Bun.Subprocess<"pipe", "pipe", "inherit">;
  beforeAll(async () => {
    lab = await containerLab(driver);
    const script = "echo of the donor > /dev/shm/file; ls -l /proc/self/ns; echo ready; cat";
    const words = ["run", "-i", "--rm", "--name", "donor", "--ipc", "shareable", "--network", "none"];
    donor = Bun.spawn([berthExecutable, ...words, "--hostname", "donor", builtinImage, "sh", "-c", script], {
      env: { HOME: lab.root, BERTH_ROOT: `${lab.root}/data`, PATH: "/usr/bin", BERTH_STORAGE_DRIVER: driver },
      stdin: "pipe",
      stdout: "pipe",
    });
    let said = "";
    for await (const chunk of donor.stdout.pipeThrough(new TextDecoderStream())) {
      said += chunk;
      if (said.includes("ready")) break;
    }
  });
  afterAll(async () => {
    donor.kill("SIGKILL");
    await lab[Symbol.asyncDispose]();
  });

  test("IPC, processes and host name of another container are joined, and its shared memory with them", async () => {
    const joins = ["--ipc", "container:donor", "--pid", "container:donor", "--uts", "container:donor"];
    const script =
      "cat /dev/shm/file; hostname; tr '\\0' ' ' < /proc/1/cmdline | cut -c 1-5; ls /proc/self/fd | wc -l";
    const { stdout, stderr, code } = await lab.sh(builtinImage, script, ...joins);
    expect({ stdout, stderr, code }).toEqual({
      stdout: "of the donor\ndonor\ncat \n4\n",
      stderr: "",
      code: 0,
    });
  });

  test("many that join it at once and end at once do it no harm", async () => {
    const joins = ["--ipc", "container:donor", "--pid", "container:donor", "--uts", "container:donor"];
    const all = await Promise.all(
      Array.from({ length: 8 }, () => lab.sh(builtinImage, "sleep 7101 & exit 5", ...joins)),
    );
    for (const { code, stdout, stderr } of all)
      expect({ code, stdout, stderr }).toEqual({ code: 5, stdout: "", stderr: "" });
    expect(processesWith("sleep\x007101")).toEqual([]);
    expect(donor.exitCode).toBeNull();
  });

  test("those that start while it ends, end as well", async () => {
    for (let round = 0; round < 3; round++) {
      await lab.berth(["run", "-d", "--name", "brief", "--network", "none", builtinImage, "sleep", "1000"]);
      const joins = Array.from({ length: 6 }, () =>
        lab.sh(builtinImage, "sleep 7101", "--pid", "container:brief"),
      );
      await lab.berth(["kill", "brief"]);
      for (const { code, stderr } of await Promise.all(joins)) {
        expect([125, 137]).toContain(code);
        expect(stderr).not.toContain("user namespace");
      }
      await lab.berth(["rm", "brief"]);
    }
    expect(processesWith("sleep\x007101")).toEqual([]);
  });

  test("what joined the processes of another container ends with its own first process", async () => {
    const { code, stderr } = await lab.sh(builtinImage, "sleep 7101 & exit 5", "--pid", "container:donor");
    expect({ code, stderr }).toEqual({ code: 5, stderr: "" });
    expect(processesWith("sleep\x007101")).toEqual([]);
    expect(donor.exitCode).toBeNull();
  });

  test("what cannot start beside the processes of another container says why, and ends", async () => {
    using taken = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
    const flags = ["--rm", "--pid", "container:donor", "-p", `${taken.port}:80`];
    const { code, stderr } = await lab.berth(["run", ...flags, builtinImage, "sleep", "7102"]);
    expect({ code, stderr }).toEqual({
      code: 125,
      stderr: expect.stringContaining("port is already allocated"),
    });
    expect(donor.exitCode).toBeNull();
  });

  test("the end by a signal is told by the exit code alone, whosever processes they are", async () => {
    for (const pid of ["container:donor", "host"]) {
      const { code, stdout, stderr } = await lab.sh(builtinImage, "kill -9 $$", "--pid", pid);
      expect({ pid, code, stdout, stderr }).toEqual({ pid, code: 137, stdout: "", stderr: "" });
    }
  });

  test("Ctrl-C at the terminal is the program's affair, whosever processes they are", async () => {
    for (const pid of ["container:donor", "host"]) {
      const script = "trap 'exit 3' INT; echo ready; while :; do sleep 0.02; done";
      const words = ["run", "--rm", "--network", "none", "--pid", pid, builtinImage, "sh", "-c", script];
      const child = Bun.spawn([berthExecutable, ...words], {
        env: {
          HOME: lab.root,
          BERTH_ROOT: `${lab.root}/data`,
          PATH: "/usr/bin",
          BERTH_STORAGE_DRIVER: driver,
        },
        stdio: ["ignore", "pipe", "inherit"],
        detached: true, // with a process group of its own
      });
      for await (const _ of child.stdout) process.kill(-child.pid, "SIGINT");
      expect({ pid, code: await child.exited }).toEqual({ pid, code: 3 });
    }
  });

  test("with the host's processes the container sees them, and leaves none among them", async () => {
    const script = `test -d /proc/${process.pid} && sleep 7102 & cat /proc/kcore | wc -c; exit 6`;
    const { stdout, code } = await lab.sh(builtinImage, script, "--pid", "host");
    expect({ stdout, code }).toEqual({ stdout: "0\n", code: 6 });
    expect(processesWith("sleep\x007102")).toEqual([]);
  });

  test("with berth ends what it started among the host's processes", async () => {
    const before = processesWith(`${lab.root}/data/containers`).length;
    const words = [
      "run",
      "--rm",
      "--network",
      "none",
      "--pid",
      "host",
      builtinImage,
      "sh",
      "-c",
      "sleep 7103 & sleep 7103",
    ];
    const child = Bun.spawn([berthExecutable, ...words], {
      env: { HOME: lab.root, BERTH_ROOT: `${lab.root}/data`, PATH: "/usr/bin", BERTH_STORAGE_DRIVER: driver },
      stdio: ["ignore", "ignore", "ignore"],
    });
    const inside = () =>
      processesWith("sleep\x007103").filter((pid) => readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n");
    await until(() => inside().length === 2);
    child.kill("SIGKILL");
    await until(() => processesWith("sleep\x007103").length === 0);
    await until(() => processesWith(`${lab.root}/data/containers`).length === before);
  });

  test("host name, IPC and cgroup namespace can be the host's", async () => {
    const script = "hostname; for ns in uts ipc cgroup; do readlink /proc/self/ns/$ns; done";
    const { stdout } = await lab.sh(
      builtinImage,
      script,
      "--uts",
      "host",
      "--ipc",
      "host",
      "--cgroupns",
      "host",
    );
    const own = ["uts", "ipc", "cgroup"].map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
    expect(stdout.trim().split("\n")).toEqual([hostname(), ...own]);
  });

  test("with keep-id the caller is the same inside, and files have the owners that the image gives them", async () => {
    const image = await lab.image("owned", [
      { name: "of-root", content: "" },
      { name: "of-seven", content: "", uid: 7, gid: 8 },
      { name: "of-me", content: "", uid: process.getuid!(), gid: process.getgid!() },
    ]);
    const ids = `${process.getuid!()} ${process.getgid!()}`;
    const script =
      "id -u; id -un; cd /; for file in of-*; do stat -c '%u %g' $file; done; echo from inside > /shared/file; grep CapEff /proc/self/status";
    const shared = join(lab.root, "kept");
    mkdirSync(shared);
    const run = (...flags: string[]) =>
      lab.berth(
        [
          "run",
          "--rm",
          "--network=none",
          "-v",
          `${shared}:/shared`,
          ...flags,
          image,
          "busybox",
          "sh",
          "-c",
          script,
        ],
        {
          env: { BERTH_STORAGE_DRIVER: "" },
        },
      );
    const { stdout, stderr } = await run("--userns=keep-id");
    const name = userInfo().username;
    expect({ stdout, stderr }).toEqual({
      stdout: `${process.getuid!()}\n${name}\n${ids}\n0 0\n7 8\nCapEff:\t0000000000000000\n`,
      stderr: "",
    });
    expect(statSync(join(shared, "file")).uid).toBe(process.getuid!());
    rmSync(join(shared, "file"));
    const other = await run("--userns=keep-id:uid=7,gid=8");
    expect(other.stdout).toContain(`7\n${name}\n${ids}\n0 0\n7 8\n`);
    expect(statSync(join(shared, "file")).uid).toBe(process.getuid!());
    const root = await lab.sh(
      image,
      "touch /new; stat -c %u /new; grep CapEff /proc/self/status",
      "--userns=keep-id",
      "-u",
      "0",
    );
    expect(root.stdout).toBe("0\nCapEff:\t00000000a80425fb\n");
  });

  test.each([
    ["/nowhere", "--userns=keep-id needs fuse-overlayfs: storage driver fuse-overlayfs cannot be used"],
    ["/bin/false", "fuse-overlayfs could not mount the container's root"],
  ])(
    "with keep-id, which needs fuse-overlayfs, it is blamed where it does not work (%s)",
    async (program, message) => {
      const configuration = join(lab.root, "other-fuse");
      mkdirSync(join(configuration, "berth"), { recursive: true });
      writeFileSync(join(configuration, "berth/config.toml"), `[helpers]\nfuse-overlayfs = "${program}"\n`);
      const args = ["run", "--rm", "--network", "none", "--userns=keep-id", builtinImage, "true"];
      const { code, stderr } = await lab.berth(args, { env: { XDG_CONFIG_HOME: configuration } });
      expect([code, stderr]).toEqual([125, expect.stringContaining(message)]);
      expect(stderr).toContain("hint: ");
      expect(stderr).not.toContain("user namespace");
    },
  );

  test("with keep-id a hostile /etc/passwd leads nowhere", async () => {
    const outside = `../../../../../../../..${lab.victim}/secret`;
    const images = {
      linked: [
        { name: "etc/passwd", symlink: outside },
        { name: "etc/group", symlink: `${lab.victim}/new` },
      ],
      waiting: [
        { name: "etc/passwd", type: "6" },
        { name: "etc/group", type: "6" },
      ],
    };
    for (const [name, entries] of Object.entries(images)) {
      const image = await lab.image(name, entries);
      const { stdout, code } = await lab.berth(
        ["run", "--rm", "--network=none", "--userns=keep-id", image, "id", "-un"],
        { env: { BERTH_STORAGE_DRIVER: "" } },
      );
      expect({ name, stdout, code }).toEqual({ name, stdout: `${userInfo().username}\n`, code: 0 });
    }
    expect(lab.harm()).toEqual(unharmed);
  });

  test("a container that does not share, does not run or is not there is not joined", async () => {
    const reasons = {
      "--ipc=container:nobody": "No such container: nobody",
      "--ipc=none-such": "--ipc: invalid IPC mode",
      "--pid=container:": "--pid: invalid PID mode",
      "--uts=x": "--uts: invalid UTS mode",
      "--cgroupns=x": "--cgroupns: invalid CGROUP mode",
      "--userns=auto": "--userns=auto is not supported",
      "--userns=x": "--userns: invalid USER mode",
      "--ipc=container:still": "cannot join IPC of a non running container: still",
    };
    await lab.berth([
      "run",
      "--name",
      "still",
      "--ipc",
      "shareable",
      "--network",
      "none",
      builtinImage,
      "true",
    ]);
    for (const [flag, reason] of Object.entries(reasons)) {
      const { stderr, code } = await lab.run([flag, builtinImage, "true"]);
      expect([stderr.split("\n")[0], code]).toEqual([`berth: ${reason}`, 125]);
    }
    await lab.berth(["rm", "still"]);
  });
});
