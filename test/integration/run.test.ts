import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berth, berthExecutable } from "../support/berth-executable.ts";
import { ociLayoutMembers, tarOf } from "../support/image-archives.ts";
import { memoryImage } from "../support/memory-image.ts";
import { processesOf } from "../support/processes-of.ts";
import { tarArchive, tarEntry } from "../support/tar-bytes.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const image = "builtin.berth/busybox:latest";

describe.each(["overlay", "fuse-overlayfs", "copy"])("run with the %s driver", (driver) => {
  const directory = temporaryDirectory();
  const root = directory.path;
  const run = (...args: string[]) =>
    berth(root, ["run", "--network", "none", ...args], { env: { BERTH_STORAGE_DRIVER: driver } });
  const sh = (script: string, ...flags: string[]) => run("--rm", ...flags, image, "sh", "-c", script);

  beforeAll(async () => {
    expect(await run("--rm", image, "true")).toEqual({ code: 0, stdout: "", stderr: "" });
  });
  afterAll(async () => {
    const { stdout } = await berth(root, ["ps", "-aq"]);
    for (const id of stdout.split("\n").filter(Boolean)) await berth(root, ["rm", "-f", "-v", id]);
    directory[Symbol.dispose]();
  });

  test("the program's output, error output and status are the caller's", async () => {
    expect(await sh("echo out; echo err >&2; exit 7")).toEqual({ code: 7, stdout: "out\n", stderr: "err\n" });
  });

  test("the root file system is what was asked for", async () => {
    const { stdout } = await sh("mount | head -n 1");
    const type = { overlay: "type overlay", "fuse-overlayfs": "type fuse.fuse-overlayfs", copy: "" }[driver]!;
    expect(stdout).toContain(type);
  });

  test("a layer that an image has twice is stacked as the image says", async () => {
    const helpers = join(root, "data/libexec", readdirSync(join(root, "data/libexec"))[0]!);
    const base = tarArchive(
      tarEntry({ name: "bin/", type: "5", mode: 0o755 }),
      tarEntry({ name: "bin/busybox", mode: 0o755 }, readFileSync(join(helpers, "busybox"))),
    );
    const twice = tarArchive(
      tarEntry({ name: "f", mode: 0o644 }, "again"),
      tarEntry({ name: "g", mode: 0o644 }, "there"),
    );
    const between = tarArchive(tarEntry({ name: "f", mode: 0o644 }, "between"), tarEntry({ name: ".wh.g" }));
    const made = memoryImage({ layers: [base, twice, between, twice], compression: "none" });
    const archive = join(root, "twice.tar");
    writeFileSync(archive, await tarOf(ociLayoutMembers([made])));
    expect(await berth(root, ["load", "-i", archive])).toMatchObject({ code: 0 });
    const show = ["busybox", "cat", "f", "g"];
    expect(await run("--rm", made.id, ...show)).toEqual({ code: 0, stdout: "againthere", stderr: "" });
    const mounted = await sh("cat /m/f /m/g", "--mount", `type=image,source=${made.id},target=/m`);
    expect(mounted).toEqual({ code: 0, stdout: "againthere", stderr: "" });
  });

  test("what a container writes is its own, and the image never changes", async () => {
    expect(await sh("rm /bin/ls; echo changed > /etc/passwd; touch /new")).toMatchObject({ code: 0 });
    const { stdout } = await sh("test -e /bin/ls && test ! -e /new && head -n 1 /etc/passwd");
    expect(stdout).toStartWith("root:");
  });

  test("without --rm the container stays, with its files, until it is removed", async () => {
    expect(await run("--name", "stays", image, "sh", "-c", "echo kept > /kept; exit 3")).toMatchObject({
      code: 3,
    });
    const { stdout } = await berth(root, [
      "ps",
      "-a",
      "--filter",
      "name=stays",
      "--format",
      "{{.Names}} {{.Status}}",
    ]);
    expect(stdout).toMatch(/^stays Exited \(3\) /);
    expect(await berth(root, ["rm", "stays"])).toEqual({ code: 0, stdout: "stays\n", stderr: "" });
    expect((await berth(root, ["ps", "-aq"])).stdout).toBe("");
    expect(readdirSync(join(root, "data/containers"))).toEqual([]);
  });

  test("a --rm container leaves nothing, whatever the program left behind", async () => {
    await sh(
      "mkdir -p /a/b; touch /a/b/c; chown 33:33 /a/b; chmod 000 /a/b; chmod 000 /a; sleep 1000 & exit 0",
    );
    expect(readdirSync(join(root, "data/containers"))).toEqual([]);
  });

  test("a read-only root is read-only, and what belongs to the container is not", async () => {
    const { stdout, stderr, code } = await sh(
      "touch /x; touch /dev/shm/y && echo ok; touch /t/z && echo ok",
      "--read-only",
      "--tmpfs",
      "/t",
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "ok\nok\n" });
    expect(stderr).toContain("Read-only file system");
  });

  test("a tmpfs has the options of its mount", async () => {
    const options = async (...given: string[]) => {
      const { stdout } = await sh("grep ' /t ' /proc/mounts", "--tmpfs", ["/t", ...given].join(":"));
      return stdout.split(" ")[3]!.split(",");
    };
    expect(await options()).toEqual(expect.arrayContaining(["nosuid", "nodev", "noexec", "relatime"]));
    const chosen = await options("suid,exec,noatime,nodiratime,sync,mode=700,size=64k");
    expect(chosen).toEqual(
      expect.arrayContaining(["nodev", "noatime", "nodiratime", "sync", "mode=700", "size=64k"]),
    );
    expect(chosen).not.toContain("nosuid");
    expect(chosen).not.toContain("noexec");
  });

  test("a volume is filled from the image once, and keeps what is written", async () => {
    const script = "ls /etc/passwd && cat /etc/mark 2>/dev/null; echo seen >> /etc/mark";
    expect((await sh(script, "-v", "etc:/etc")).stdout).toBe("/etc/passwd\n");
    expect((await sh(script, "-v", "etc:/etc")).stdout).toBe("/etc/passwd\nseen\n");
  });

  test("a volume that its user has closed to all others is mounted again, and filled while it is empty", async () => {
    await sh("chown 33:33 /v; chmod 700 /v", "-v", "closed:/v");
    expect((await sh("ls -d /etc/passwd; stat -c %u /etc", "-v", "closed:/etc")).stdout).toBe(
      "/etc/passwd\n0\n",
    );
    await sh("chown 33:33 /v; chmod 700 /v", "-v", "closed:/v");
    expect((await sh("head -n 1 /v/passwd", "-v", "closed:/v")).stdout).toStartWith("root:");
    expect((await berth(root, ["volume", "rm", "closed"])).code).toBe(0);
  });

  test("owners of many ids work inside", async () => {
    const { stdout } = await sh("touch /f && chown 33:44 /f && stat -c %u:%g /f && ls -ldn /tmp");
    expect(stdout).toMatch(/^33:44\ndrwxrwxrwt/);
  });
});

describe("run", () => {
  const directory = temporaryDirectory();
  const root = directory.path;
  const run = (...args: string[]) => berth(root, ["run", "--network", "none", ...args]);
  const sh = (script: string, ...flags: string[]) => run("--rm", ...flags, image, "sh", "-c", script);
  afterAll(() => directory[Symbol.dispose]());

  test("tells apart what could not be run", async () => {
    expect(await run("--rm", image, "nothing-here")).toMatchObject({
      code: 127,
      stderr: expect.stringContaining('exec: "nothing-here": executable file not found in $PATH'),
    });
    expect(await run("--rm", image, "/etc/passwd")).toMatchObject({ code: 126 });
    expect(await run("--rm", image, "/tmp")).toMatchObject({ code: 126 });
    expect(await run("--rm", "-w", "/etc/passwd", image, "true")).toMatchObject({ code: 125 });
    expect(await run("--rm", "-u", "nobody-here", image, "true")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("unable to find user nobody-here"),
    });
    // Its first process ends while the network is attached to it.
    expect((await berth(root, ["run", "--rm", "-u", "nobody-here", image, "true"])).stderr).toStartWith(
      "berth: unable to find user nobody-here",
    );
    expect(await run("--rm", "no.such.name/x", "true").then(({ code }) => code)).toBe(125);
    expect(await run("--no-such-flag", image)).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("unknown flag"),
    });
  });

  test("leaves nothing of what it had begun before it knew that it would be refused", async () => {
    for (const flags of [["--rm"], ["--rm", "-i"], ["-d"], ["-t"]]) {
      const refused = await berth(root, ["run", ...flags, "--network", "not-there", image, "true"]);
      expect(refused).toMatchObject({
        code: 125,
        stderr: expect.stringContaining("network not-there not found"),
      });
      // The kernel ends the namespaces, and a monitor learns of it when berth has ended.
      while (processesOf(root).length > 0) await Bun.sleep(5);
    }
  });

  test("a program that a signal ends has status 128 + n", async () => {
    // pid 1 is protected from itself, so the program is a child of an init.
    expect(await sh("kill -TERM $$", "--init")).toMatchObject({ code: 143 });
  });

  test("environment, directory, user, hostname and labels", async () => {
    const { stdout } = await sh(
      "echo $A-$B; pwd; id -u; hostname; cat /etc/hostname",
      "-e",
      "A=1",
      "-e",
      "B=two words",
      "-w",
      "/made/for/it",
      "-u",
      "1000:1000",
      "--hostname",
      "box",
    );
    expect(stdout).toBe("1-two words\n/made/for/it\n1000\nbox\nbox\n");
  });

  test("none of the caller's environment is inside", async () => {
    const { stdout } = await berth(root, ["run", "--rm", "--network", "none", image, "env"], {
      env: { SECRET: "s3cret" },
    });
    expect(stdout).not.toContain("s3cret");
    expect(stdout).toContain("HOME=/root");
  });

  test("standard input is there with -i only", async () => {
    const cat = (...flags: string[]) =>
      berth(root, ["run", "--rm", "--network", "none", ...flags, image, "cat"], { stdin: "hello" });
    expect((await cat("-i")).stdout).toBe("hello");
    expect((await cat()).stdout).toBe("");
  });

  test("a large stream passes unchanged", async () => {
    const bytes = new Uint8Array(32 << 20).map((_, index) => (index * 2654435761) >>> 24);
    const expected = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    const { stdout } = await berth(root, ["run", "--rm", "-i", "--network", "none", image, "sha256sum"], {
      stdin: bytes,
    });
    expect(stdout).toStartWith(expected);
  });

  test("binds: read-write, read-only, single files, and a missing source", async () => {
    const source = join(root, "source");
    mkdirSync(source);
    writeFileSync(join(source, "file"), "text");
    expect((await sh("cat /d/file; echo more > /d/new", "-v", `${source}:/d`)).stdout).toBe("text");
    expect(readFileSync(join(source, "new"), "utf8")).toBe("more\n");
    const readOnly = await sh("echo x > /d/file; cat /d/file", "-v", `${source}:/d:ro`);
    expect(readOnly.stdout).toBe("text");
    expect((await sh("cat /one", "-v", `${source}/file:/one`)).stdout).toBe("text");
    const missing = await sh("true", "--mount", `type=bind,source=${root}/nowhere,target=/x`);
    expect(missing).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("bind source path does not exist"),
    });
    expect((await sh("ls -A /made", "-v", `${root}/made:/made`)).code).toBe(0);
    expect(statSync(join(root, "made")).isDirectory()).toBe(true);
  });

  test("a cidfile holds the id, and must not exist", async () => {
    const cidfile = join(root, "cid");
    expect((await sh("hostname", "--cidfile", cidfile)).stdout.trim()).toBe(
      readFileSync(cidfile, "utf8").slice(0, 12),
    );
    expect(await sh("true", "--cidfile", cidfile)).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("container ID file found"),
    });
  });

  test("a name belongs to one container", async () => {
    expect((await run("--name", "taken", image, "true")).code).toBe(0);
    expect(await run("--name", "taken", image, "true")).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('Conflict. The container name "/taken" is already in use'),
    });
    expect((await berth(root, ["rm", "taken"])).code).toBe(0);
    expect(await berth(root, ["rm", "taken"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("No such container: taken"),
    });
  });

  test("a container that fails to be made is not there", async () => {
    await run("--name", "broken", "--mount", `type=bind,source=${root}/nowhere,target=/x`, image, "true");
    expect((await berth(root, ["ps", "-a", "--format", "{{.Names}}"])).stdout).toBe("");
  });

  test("ten at once all run", async () => {
    const results = await Promise.all(Array.from({ length: 10 }, (_, index) => sh(`echo ${index}`)));
    expect(results.map(({ stdout, code }) => [code, stdout])).toEqual(
      Array.from({ length: 10 }, (_, index) => [0, `${index}\n`]),
    );
  });

  test("signals reach the program", async () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const) {
      const child = Bun.spawn(
        [
          berthExecutable,
          "run",
          "--rm",
          "--network",
          "none",
          image,
          "sh",
          "-c",
          "trap 'echo got; exit 9' TERM INT HUP USR1 USR2; echo ready; while :; do sleep 0.05; done",
        ],
        {
          env: { ...process.env, HOME: root, BERTH_ROOT: join(root, "data") },
          stdin: "ignore",
          stdout: "pipe",
          stderr: "inherit",
        },
      );
      let output = "";
      for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
        output += chunk;
        if (output === "ready\n") child.kill(signal);
      }
      expect([signal, output, await child.exited]).toEqual([signal, "ready\ngot\n", 9]);
    }
  });

  test("a program that listens to nothing ends at the third Ctrl-C", async () => {
    const child = Bun.spawn(
      [
        berthExecutable,
        "run",
        "--rm",
        "--network",
        "none",
        image,
        "sh",
        "-c",
        "trap '' INT; echo ready; exec sleep 1000",
      ],
      {
        env: { ...process.env, HOME: root, BERTH_ROOT: join(root, "data") },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    const reader = child.stdout.getReader();
    await reader.read();
    while (child.exitCode === null) {
      child.kill("SIGINT");
      await Promise.race([child.exited, Bun.sleep(20)]);
    }
    expect(child.exitCode).toBe(137);
  });

  /** A container that runs until it is ended; its program has begun. */
  async function startSleeping(name: string) {
    const child = Bun.spawn(
      [
        ...[berthExecutable, "run", "--rm", "--name", name, "--network", "none"],
        ...[image, "sh", "-c", "echo ready; exec sleep 4711"],
      ],
      {
        env: { ...process.env, HOME: root, BERTH_ROOT: join(root, "data") },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    await child.stdout.getReader().read();
    return child;
  }

  test("kill -9 of berth ends a container that it runs itself, and ps shows the truth", async () => {
    const child = await startSleeping("orphan");
    const format = ["ps", "-a", "--filter", "name=orphan", "--format", "{{.Status}}"];
    expect((await berth(root, format)).stdout).toStartWith("Up ");
    const running = await berth(root, ["rm", "orphan"]);
    expect(running).toMatchObject({ code: 1, stderr: expect.stringContaining("container is running") });
    const pid = Number((await berth(root, ["inspect", "--format", "{{.State.Pid}}", "orphan"])).stdout);
    child.kill("SIGKILL");
    await child.exited;
    while (existsSync(`/proc/${pid}`)) await Bun.sleep(5);
    expect((await berth(root, format)).stdout).toBe("");
  });

  test("rm -f ends a running container", async () => {
    const child = await startSleeping("busy");
    expect(await berth(root, ["rm", "-f", "busy"])).toMatchObject({ code: 0, stdout: "busy\n" });
    expect(await child.exited).toBe(137);
    expect((await berth(root, ["ps", "-aq"])).stdout).toBe("");
  });

  test("anonymous volumes go with --rm and stay without", async () => {
    const volumes = () =>
      existsSync(join(root, "data/volumes")) ? readdirSync(join(root, "data/volumes")) : [];
    await sh("touch /v/x", "-v", "/v");
    expect(volumes()).toEqual([]);
    await run("--name", "keeper", "-v", "/v", image, "true");
    expect(volumes()).toHaveLength(1);
    await berth(root, ["rm", "-v", "keeper"]);
    expect(volumes()).toEqual([]);
  });

  test("the host's loopback is reached with --network host, and nothing with none", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("from the host") });
    const get = (network: string, address: string) =>
      berth(root, [
        "run",
        "--rm",
        "--network",
        network,
        image,
        "wget",
        "-qO-",
        `http://${address}:${server.port}/`,
      ]);
    expect((await get("host", "127.0.0.1")).stdout).toBe("from the host");
    expect((await get("none", "127.0.0.1")).code).not.toBe(0);
    expect((await sh("cat /sys/class/net/lo/operstate; ls /sys/class/net")).stdout).toBe("unknown\nlo\n");
    await server.stop(true);
  });

  test("the default network has an address, a resolver and a way out, but not the host's loopback", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("from the host") });
    const script = `ip addr show tap0; cat /etc/resolv.conf; timeout 3 wget -qO- http://10.0.2.2:${server.port}/ && echo REACHED`;
    const { stdout } = await berth(root, ["run", "--rm", image, "sh", "-c", script]);
    expect(stdout).toContain("10.0.2.100/24");
    expect(stdout).toContain("nameserver 10.0.2.3");
    expect(stdout).not.toContain("REACHED");
    await server.stop(true);
  });
});
