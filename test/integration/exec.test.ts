/** `berth exec`: programs in running containers. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BerthOptions, berthExecutable, type Ended } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { type RunningContainer, runningContainer } from "../support/running-container.ts";

const until = async (holds: () => boolean | Promise<boolean>) => {
  while (!(await holds())) await Bun.sleep(10);
};

/** Processes of this user, other than the asking one, by pid. */
function processes(): ReadonlyMap<number, string> {
  const all = new Map<number, string>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      all.set(Number(name), readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " "));
    } catch {
      // It has ended.
    }
  }
  return all;
}

const mentioned = (words: string) => [...processes().values()].filter((line) => line.includes(words)).length;
const runs = (words: string) => [...processes().values()].includes(`${words} `);

describe.each(["overlay", "fuse-overlayfs"])("exec with %s", (driver) => {
  let lab: ContainerLab;
  let container: RunningContainer;
  const env = { BERTH_STORAGE_DRIVER: driver };
  const exec = (args: readonly string[], options: BerthOptions = {}): Promise<Ended> =>
    lab.berth(["exec", ...args], options);
  const sh = (script: string, ...flags: string[]) => exec([...flags, container.name, "sh", "-c", script]);

  beforeAll(async () => {
    lab = await containerLab(driver);
    const image = await lab.image(
      "exec",
      [
        {
          name: "etc/passwd",
          content: "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/srv:/bin/sh\nother:x:40:41::/:/bin/sh\n",
        },
        { name: "etc/group", content: "root:x:0:\nweb:x:34:\nextra:x:50:web\n" },
        { name: "srv/", type: "5", mode: 0o755, uid: 33, gid: 34 },
        { name: "srv/file", content: "of the image\n", uid: 33, gid: 34, mode: 0o600 },
        { name: "text", content: "no program\n", mode: 0o755 },
        { name: "script", content: "#!/not/there\n", mode: 0o755 },
        { name: "locked", content: "#!/bin/sh\n", mode: 0o644 },
      ],
      { User: "web", WorkingDir: "/srv", Env: ["PATH=/bin", "FROM=image"] },
    );
    container = await runningContainer(lab.root, {
      image,
      env,
      flags: ["--network", "none", "--hostname", "inside", "-e", "RUN=flag", "-v", "volume:/volume"],
    });
  });
  afterAll(async () => {
    await container[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  test("runs as the container's own program does: user, groups, directory, environment, files, host name", async () => {
    const { code, stdout, stderr } = await sh(
      "id; pwd; cat file; hostname; env | sort; echo x >/srv/new; ls /srv",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(
      [
        "uid=33(web) gid=34(web) groups=34(web),50(extra)",
        "/srv",
        "of the image",
        "inside",
        "FROM=image",
        "HOME=/srv",
        "HOSTNAME=inside",
        "PATH=/bin",
        "PWD=/srv",
        "RUN=flag",
        "SHLVL=1",
        "file",
        "new",
        "",
      ].join("\n"),
    );
  });

  test("takes another user, directory and variables", async () => {
    const file = join(lab.root, "variables");
    writeFileSync(file, "A=file\nB=file\n");
    const flags = [
      "-u",
      "other",
      "-w",
      "/bin",
      "--env-file",
      file,
      "-e",
      "B=flag",
      "-e",
      "CALLER",
      "-e",
      "MISSING",
    ];
    const { stdout } = await exec(
      [...flags, container.name, "sh", "-c", "id; pwd; echo $A $B $CALLER $HOME"],
      {
        env: { CALLER: "caller" },
      },
    );
    expect(stdout).toBe("uid=40(other) gid=41 groups=41\n/bin\nfile flag caller /\n");
    expect((await sh("id", "-u", "0:50")).stdout).toBe("uid=0(root) gid=50(extra) groups=50(extra)\n");
    expect((await sh("id -u; id -g", "-u", "1234")).stdout).toBe("1234\n0\n");
  });

  test("is in every namespace of the container, and a child of nobody there", async () => {
    const kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];
    const { stdout } = await sh(
      `for ns in ${kinds.join(" ")}; do readlink /proc/self/ns/$ns; done; sed -n 's/^PPid:\\s*//p' /proc/$$/status`,
      "-u",
      "0",
    );
    expect(stdout.trim().split("\n")).toEqual([
      ...kinds.map((kind) => readlinkSync(`/proc/${container.pid}/ns/${kind}`)),
      "0",
    ]);
  });

  test("has the container's capabilities and no others, unless it is asked for", async () => {
    const caps = "grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status";
    const own = readFileSync(`/proc/${container.pid}/status`, "utf8");
    const line = (text: string, name: string) => new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(text)?.[1];
    const root = (await sh(caps, "-u", "0")).stdout;
    for (const name of ["CapBnd", "CapInh", "CapAmb", "NoNewPrivs", "Seccomp"])
      expect([name, line(root, name)]).toEqual([name, line(own, name)]);
    expect(line(root, "CapEff")).toBe("00000000a80425fb");
    expect(line(root, "CapInh")).toBe("0000000000000000");
    const web = (await sh(caps)).stdout;
    expect(line(web, "CapEff")).toBe("0000000000000000");
    expect(line(web, "CapBnd")).toBe("00000000a80425fb");
    const privileged = (await sh(caps, "-u", "0", "--privileged")).stdout;
    expect(line(privileged, "CapEff")).toBe(line(privileged, "CapBnd"));
    expect(BigInt(`0x${line(privileged, "CapEff")}`) & (1n << 21n)).not.toBe(0n); // CAP_SYS_ADMIN
    expect(line(privileged, "Seccomp")).toBe("2");
  });

  test("answers the program's status, 128 + n for a signal, and 126 and 127 for what cannot be run", async () => {
    expect((await sh("exit 42")).code).toBe(42);
    expect((await sh("kill -TERM $$")).code).toBe(143);
    const failures: [string[], number, string][] = [
      [["nothing"], 127, 'exec: "nothing": executable file not found in $PATH'],
      [["/nothing"], 127, "no such file or directory"],
      [["/script"], 127, "exec /script: no such file or directory"],
      [["/locked"], 126, "permission denied"],
      [["/srv"], 126, "is a directory"],
      [["/text"], 126, "exec /text: exec format error"],
    ];
    for (const [words, code, message] of failures) {
      const ended = await exec([container.name, ...words]);
      expect([words, ended.code, ended.stdout]).toEqual([words, code, ""]);
      expect(ended.stderr).toContain(message);
    }
    const directory = await exec(["-w", "/not/there", container.name, "pwd"]);
    expect(directory).toMatchObject({
      code: 127,
      stderr: expect.stringContaining('chdir to cwd ("/not/there")'),
    });
    const user = await exec(["-u", "stranger", container.name, "id"]);
    expect(user).toMatchObject({
      code: 126,
      stderr: expect.stringContaining("unable to find user stranger: no matching entries in passwd file"),
    });
  });

  test("passes bytes on as they are, standard output and error apart, input only when asked", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(300_000));
    const { stdout } = await exec(["-i", container.name, "sh", "-c", "cat | md5sum"], { stdin: bytes });
    expect(stdout.split(" ")[0]).toBe(new Bun.CryptoHasher("md5").update(bytes).digest("hex"));
    expect(await sh("echo out; echo err >&2")).toEqual({ code: 0, stdout: "out\n", stderr: "err\n" });
    expect(await exec([container.name, "cat"], { stdin: "not read\n" })).toMatchObject({
      code: 0,
      stdout: "",
    });
    const big = await sh("yes 0123456789 | head -c 3000000");
    expect(big.stdout.length).toBe(3_000_000);
  });

  test("-d leaves the program and nothing else, without streams", async () => {
    expect(await exec(["-d", container.name, "sleep", "98761"])).toEqual({ code: 0, stdout: "", stderr: "" });
    await until(() => runs("sleep 98761"));
    expect(mentioned("98761")).toBe(1); // no berth that was asked for it

    const { stdout } = await sh(
      "pid=$(/bin/busybox pidof sleep); for fd in 0 1; do /bin/busybox readlink /proc/$pid/fd/$fd; done; kill $pid",
    );
    expect(stdout).toBe("/dev/null\n/dev/null\n");
    await until(() => !runs("sleep 98761"));
  });

  test("is listed by inspect, by the id that events tell, as long as the program runs", async () => {
    const listed = async (): Promise<readonly string[] | null> =>
      JSON.parse((await lab.berth(["inspect", "-f", "{{json .ExecIDs}}", container.name])).stdout);
    expect(await listed()).toBeNull();
    const attached = exec([container.name, "sleep", "98762"]);
    await until(async () => (await listed())?.length === 1);
    await exec(["-d", container.name, "sleep", "98762"]);
    const ids = await listed();
    const told = (await lab.berth(["events", "--since", "1h", "--until", "0s", "--filter", "type=container"]))
      .stdout;
    expect(ids).toHaveLength(2);
    for (const id of ids!) expect(told).toContain(`execID=${id}`);
    await sh("kill $(/bin/busybox pidof sleep)");
    expect((await attached).code).toBe(143);
    await until(async () => (await listed()) === null);
  });

  test("of which many run at once and one after the other leaves nothing behind", async () => {
    const state = () => [
      [...processes().values()].filter((line) => line.includes(lab.root) || line.includes("berth")).length,
      readdirSync(`/proc/${container.owner}/fd`).length,
      readFileSync(`/proc/${container.pid}/mountinfo`, "utf8").split("\n").length,
      readFileSync("/proc/self/mountinfo", "utf8").split("\n").length,
    ];
    const before = state();
    for (let round = 0; round < 4; round++) {
      const all = await Promise.all(
        Array.from({ length: 8 }, (_, index) => sh(`echo ${index}; exit ${index}`)),
      );
      expect(all).toEqual(all.map((_, index) => ({ code: index, stdout: `${index}\n`, stderr: "" })));
    }
    await until(() => state().every((count, index) => count <= before[index]!)); // the last ones are just ending
  });

  test("goes on when its berth is killed, and ends with the container", async () => {
    const other = await runningContainer(lab.root, { env });
    const client = Bun.spawn(
      [berthExecutable, "exec", other.name, "sh", "-c", "echo up; sleep 98762; echo over"],
      {
        env: { PATH: process.env.PATH, HOME: lab.root, BERTH_ROOT: join(lab.root, "data"), ...env },
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    expect(new TextDecoder().decode((await client.stdout.getReader().read()).value)).toBe("up\n");
    client.kill("SIGKILL");
    await client.exited;
    await until(() => runs("sleep 98762"));
    const waiting = exec([other.name, "sleep", "98763"]);
    await until(() => runs("sleep 98763"));
    expect(await other.end()).toBe(5);
    expect(await waiting).toEqual({ code: 137, stdout: "", stderr: "" });
    expect(mentioned("98762")).toBe(0);
  });

  test("either runs or says that the container does not, when it ends at that moment", async () => {
    for (let round = 0; round < 5; round++) {
      await using ending = await runningContainer(lab.root, { env });
      const attempts = Array.from({ length: 4 }, () => exec([ending.name, "true"]));
      await ending.end();
      for (const { code, stderr } of await Promise.all(attempts)) {
        if (code === 0 || code === 137) expect(stderr).toBe("");
        else expect([code, stderr]).toEqual([1, expect.stringMatching(/is not running|No such container/)]);
      }
    }
  });
});

describe("exec", () => {
  let lab: ContainerLab;
  beforeAll(async () => {
    lab = await containerLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test.each(["none", "host", "slirp4netns"])("shares the network %s of its container", async (network) => {
    await using container = await runningContainer(lab.root, { flags: ["--network", network] });
    const { stdout } = await lab.berth(["exec", container.name, "readlink", "/proc/self/ns/net"]);
    expect(stdout.trim()).toBe(readlinkSync(`/proc/${container.pid}/ns/net`));
  });

  test("works with one id, and under an init", async () => {
    const bin = join(lab.root, "bin"); // no newuidmap here
    mkdirSync(bin);
    const one = { PATH: bin };
    await using single = await runningContainer(lab.root, { env: one });
    const script = "cat /proc/self/uid_map; sed -n 's/^NoNewPrivs:\\s*//p' /proc/self/status";
    const { code, stdout, stderr } = await lab.berth(["exec", single.name, "sh", "-c", script], { env: one });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.trim().split(/\s+/)).toEqual(["0", String(process.getuid!()), "1", "1"]);
    await using init = await runningContainer(lab.root, { flags: ["--network", "none", "--init"] });
    expect(await lab.berth(["exec", init.name, "cat", "/proc/1/comm"])).toMatchObject({
      stdout: "init\n",
    });
  });

  test("refuses what does not run or is not there, in Docker's words", async () => {
    await lab.berth(["run", "--name", "over", "--network", "none", builtinImage, "true"]);
    const id = (await lab.berth(["inspect", "-f", "{{.Id}}", "over"])).stdout.trim();
    expect(await lab.berth(["exec", "over", "true"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`container ${id} is not running`),
    });
    expect(await lab.berth(["exec", "nowhere", "true"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("No such container: nowhere"),
    });
    expect(await lab.berth(["container", "exec", "over"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("'berth container exec' requires at least 2 arguments"),
    });
    await using paused = await runningContainer(lab.root);
    await lab.berth(["pause", paused.name]);
    expect(await lab.berth(["exec", paused.name, "true"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `Container ${paused.name} is paused, unpause the container before exec`,
      ),
    });
    expect(await lab.berth(["exec", "-it", paused.name, "true"], { stdin: "" })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("stdin is not a terminal"),
    });
    expect(await lab.berth(["exec", "-w", "relative", paused.name, "true"])).toMatchObject({ code: 1 });
    expect(await lab.berth(["exec", "--detach-keys", "ctrl-!", paused.name, "true"])).toMatchObject({
      code: 1,
    });
  });

  test.each(["SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"])(
    "says so where the container's seccomp profile lets nothing be started: %s",
    async (action) => {
      const profile = join(lab.root, `${action}.json`);
      const syscalls = [{ names: ["clone", "clone3", "fork", "vfork"], action }];
      writeFileSync(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls }));
      await using container = await runningContainer(lab.root, {
        flags: ["--network", "none", "--security-opt", `seccomp=${profile}`],
      });
      expect(await lab.berth(["exec", container.name, "true"])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("seccomp profile forbids clone"),
      });
    },
  );

  test("is told of the program's end also where the caller ignores the end of children", async () => {
    await using container = await runningContainer(lab.root);
    const script = `trap '' CHLD; exec ${berthExecutable} exec ${container.name} sh -c 'exit 6'`;
    const child = Bun.spawn(["bash", "-c", script], {
      env: { PATH: process.env.PATH, HOME: lab.root, BERTH_ROOT: join(lab.root, "data") },
      stdio: ["ignore", "inherit", "inherit"],
    });
    expect(await child.exited).toBe(6);
  });

  test("finds its container by the beginning of its id", async () => {
    await using container = await runningContainer(lab.root);
    const id = (await lab.berth(["inspect", "-f", "{{.Id}}", container.name])).stdout.slice(0, 9);
    expect(await lab.berth(["exec", id, "echo", "found"])).toMatchObject({ stdout: "found\n" });
    expect(existsSync(`/proc/${container.pid}`)).toBe(true);
  });
});
