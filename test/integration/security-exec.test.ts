/** Nothing of the host comes into a container's hands by `berth exec` and `berth top`, whatever runs there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { type ContainerLab, containerLab, executableDigest, unharmed } from "../support/container-lab.ts";
import { type RunningContainer, runningContainer } from "../support/running-container.ts";

/** Programs that berth or its helpers might look for, and that are the container's own. */
const tempting = ["nsenter", "unshare", "newuidmap", "newgidmap", "ps", "id", "busybox", "berth", "getent"];

describe.each(["overlay", "fuse-overlayfs"])("exec into a hostile container, with %s", (driver) => {
  let lab: ContainerLab;
  let image: string;
  let before: string;
  let container: RunningContainer;
  const env = { BERTH_STORAGE_DRIVER: driver };
  const sh = (script: string, ...flags: string[]) =>
    lab.berth(["exec", ...flags, container.name, "sh", "-c", script]);

  beforeAll(async () => {
    before = await executableDigest();
    lab = await containerLab(driver);
    image = await lab.image(
      "hostile",
      [
        ...["true", "grep", "rm", "touch"].map((name) => ({ name: `bin/${name}`, symlink: "busybox" })),
        { name: "link", symlink: "proc/self/exe" },
        { name: "script", content: "#!/proc/self/exe --version\n", mode: 0o755 },
        { name: "thread", content: "#!/proc/thread-self/exe\n", mode: 0o755 },
        { name: "second", content: "#!/script\n", mode: 0o755 },
        ...tempting.map((name) => ({
          name: `evil/${name}`,
          content: "#!/bin/sh\ntouch /tainted\n",
          mode: 0o755,
        })),
        { name: "etc/ld.so.preload", content: "/evil.so\n" },
      ],
      {
        Env: [
          "PATH=/evil:/bin",
          "LD_PRELOAD=/evil.so",
          "LD_LIBRARY_PATH=/evil",
          "BUN_OPTIONS=--preload=/evil.js",
        ],
        WorkingDir: "/tmp",
      },
    );
    container = await runningContainer(lab.root, { image, env });
  });
  afterAll(async () => {
    expect(await executableDigest()).toBe(before);
    expect(lab.harm()).toEqual(unharmed);
    await container[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  test.each([
    ["without capabilities to look at others", []],
    ["with CAP_SYS_PTRACE", ["--cap-add", "SYS_PTRACE"]],
  ])(
    "gives berth's executable to nobody who watches, %s (CVE-2019-5736)",
    async (name, flags) => {
      // Holds every executable that is not the container's own, and tries to write it by two ways.
      const watch = `(while :; do for p in /proc/[0-9]*; do
        (exec 9<$p/exe && { read -r word <$p/comm; : >>/proc/self/fd/9 && echo wrote $word >>/seen; }) 2>/dev/null
        case $(ls -l $p/exe) in *berth*) echo $p >>/named; : >>$p/exe && echo wrote >>/seen; esac 2>/dev/null
      done; done) 2>/dev/null & : >/seen`;
      await using watched = await runningContainer(lab.root, {
        image,
        env,
        script: watch,
        flags: ["--network", "none", ...flags],
      });
      for (let round = 0; round < 15; round++)
        expect(await lab.berth(["exec", watched.name, "/bin/true"])).toMatchObject({ code: 0 });
      const seen = await lab.berth(["exec", watched.name, "/bin/cat", "/seen"]);
      // It can write its own busybox, which shows that the attack as such works.
      expect(
        seen.stdout
          .split("\n")
          .filter((line) => line !== "" && !/^wrote (sh|ls|cat|true|busybox)$/.test(line)),
      ).toEqual([]);
      if (name.startsWith("without"))
        expect((await lab.berth(["exec", watched.name, "/bin/cat", "/named"])).code).not.toBe(0);
      expect(await executableDigest()).toBe(before);
    },
    60_000,
  );

  test.each([
    "/proc/self/exe",
    "/proc/thread-self/exe",
    "/link",
    "/script",
    "/thread",
    "/second",
    "/proc/1/exe",
  ])("does not run %s", async (program) => {
    const { code, stdout } = await lab.berth(["exec", container.name, program, "--version"]);
    expect([126, 127]).toContain(code);
    expect(stdout).toBe("");
  });

  test("never runs a program of the image for berth itself, nor takes variables of it", async () => {
    expect(await sh("echo ran; test -e /tainted && echo tainted")).toMatchObject({ stdout: "ran\n" });
    expect((await lab.berth(["exec", "-u", "root", "-w", "/", container.name, "/bin/true"])).code).toBe(0);
    expect((await sh("test -e /tainted")).code).toBe(1);
  });

  test("leaves 0, 1 and 2 open and nothing else, whatever the caller has open (CVE-2024-21626)", async () => {
    for (const closed of ["", "0<&-"]) {
      const child = Bun.spawn(
        [
          ...["bash", "-c", `exec 7<${lab.victim} 8<${lab.victim}/secret; exec "$@" ${closed}`, "-"],
          ...[berthExecutable, "exec", container.name, "ls", "/proc/self/fd"],
        ],
        {
          env: { PATH: process.env.PATH, HOME: lab.root, BERTH_ROOT: join(lab.root, "data"), ...env },
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      expect([closed, await child.stdout.text()]).toEqual([closed, "0\n1\n2\n3\n"]); // the fourth is its own
    }
  });

  test("hands no directory of the host on", async () => {
    const directory = openSync(lab.victim, "r");
    const child = Bun.spawn([berthExecutable, "exec", "-i", container.name, "ls", "-l", "/proc/self/fd"], {
      env: { PATH: process.env.PATH, HOME: lab.root, BERTH_ROOT: join(lab.root, "data"), ...env },
      stdio: [directory, "pipe", "pipe"],
    });
    closeSync(directory);
    const [stdout, stderr, code] = [await child.stdout.text(), await child.stderr.text(), await child.exited];
    expect([code, stdout]).toEqual([126, ""]);
    expect(stderr).toContain("standard input is a directory");
  });

  test("has no way out through the working directory", async () => {
    const places = [0, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((fd) => `/proc/self/fd/${fd}`);
    places.push("/proc/self/cwd", "/proc/1/root", "/proc/1/cwd", "/proc/self/task/../fd/4/../..");
    for (const place of places) {
      const { code, stdout } = await lab.berth([
        "exec",
        "-w",
        place,
        container.name,
        "/bin/cat",
        "etc/hostname",
      ]);
      expect([place, [126, 127].includes(code), stdout]).toEqual([place, true, ""]);
    }
  }, 20_000);

  test("gives no capability as inheritable or ambient, and keeps the primary group (CVE-2022-24769, CVE-2022-2989)", async () => {
    const { stdout } = await sh("grep -E '^Cap(Inh|Amb)|^Groups' /proc/self/status", "-u", "1:5");
    expect(stdout).toBe("Groups:\t5 \nCapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n");
  });

  test("believes no account file that is a link, a FIFO or huge (CVE-2024-9676)", async () => {
    const wrong = ["0\n", "+1", "4294967296", "-1", "1 "];
    for (const user of wrong)
      expect([user, (await lab.berth(["exec", "-u", user, container.name, "/bin/true"])).code]).toEqual([
        user,
        126,
      ]);
    const kinds = {
      "a link to the host": `ln -s ${lab.victim}/secret /etc/passwd`,
      "a link to a descriptor": "ln -s /proc/self/fd/3 /etc/passwd",
      "a FIFO": "/bin/busybox mkfifo /etc/passwd",
      huge: "/bin/busybox truncate -s 1G /etc/passwd",
    };
    for (const [kind, make] of Object.entries(kinds)) {
      expect((await sh(`rm -f /etc/passwd; ${make}`)).code).toBe(0);
      const { code, stderr } = await lab.berth(["exec", "-u", "daemon", container.name, "/bin/true"]);
      expect([kind, code, /no matching entries|larger than/.test(stderr)]).toEqual([
        kind,
        kind === "huge" ? 1 : 126,
        true,
      ]);
      expect(stderr).not.toContain("canary");
    }
  });
});
