/** What a container sees of the machine, what other people of the machine see of berth, and what a terminal is sent. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

describe.each(["overlay", "fuse-overlayfs"])("a container on %s", (driver) => {
  let lab: ContainerLab;
  beforeAll(async () => {
    lab = await containerLab(driver);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("sees nothing behind the masks, and cannot write what is protected", async () => {
    const inspected = await lab.berth(["run", "--name", "probe", "--network", "none", builtinImage, "true"]);
    expect(inspected.code).toBe(0);
    const { stdout: json } = await lab.berth(["inspect", "probe"]);
    const { MaskedPaths, ReadonlyPaths } = JSON.parse(json)[0].HostConfig;
    expect(MaskedPaths).toContain("/sys/devices/virtual/powercap");
    const script = `for p in ${MaskedPaths.join(" ")} /sys/devices/system/cpu/cpu0/thermal_throttle; do
        if test -d $p; then ls -A $p; test -w $p && touch $p/x 2>/dev/null && echo "wrote $p"
        elif test -e $p; then test "$(stat -c %t:%T $p)" = 1:3 || echo "open $p"; fi; done
      for p in ${ReadonlyPaths.join(" ")}; do test -e $p && grep -q "^[^ ]* $p [^ ]* ro," /proc/mounts || echo "writable $p"; done
      (echo x >/proc/sys/kernel/hostname) 2>/dev/null && echo "wrote hostname"
      (echo 1 >/sys/kernel/mm/ksm/run) 2>/dev/null && echo "wrote sysfs"
      mount | grep -E " on /(sys|sys/fs/cgroup) " | grep -v "[(]ro,"; true`;
    expect(await lab.sh(builtinImage, script)).toMatchObject({
      code: 0,
      stdout: readOnlyGaps(ReadonlyPaths),
    });
  });

  test("has an environment, a host name and control groups of its own", async () => {
    const { stdout } = await lab.run([builtinImage, "env"], {
      env: { HOST_SECRET: "s3cret", LD_PRELOAD: "/x.so" },
    });
    expect(
      stdout
        .split("\n")
        .map((line) => line.split("=")[0])
        .toSorted(),
    ).toEqual(["", "HOME", "HOSTNAME", "PATH"]);
    const { stdout: view } = await lab.sh(
      builtinImage,
      "hostname; cat /proc/self/cgroup; ls -A / | tr '\\n' ' '",
    );
    expect(view).not.toContain(hostname() === "" ? "\0" : `${hostname()}\n`);
    for (const line of view.split("\n").filter((text) => /^\d+:/.test(text))) expect(line).toEndWith(":/");
  });

  test("is told no layer, no store and no user of the host by its mounts", async () => {
    const { stdout } = await lab.run([builtinImage, "cat", "/proc/self/mountinfo"]);
    const lines = stdout.trim().split("\n");
    // The three files that are mounted one by one show where they are, as they do under Docker.
    const others = lines.filter((line) => !/ \/etc\/(hosts|hostname|resolv\.conf) /.test(line));
    expect(lines.length - others.length).toBe(3);
    expect(others.filter((line) => line.includes(lab.root) || line.includes(userInfo().username))).toEqual(
      [],
    );
    const roots = others.filter((line) => line.split(" ")[4] === "/");
    expect(roots).toHaveLength(1); // not the host's, below it
    if (driver === "overlay") expect(roots[0]).toMatch(/lowerdir=[\d:]+,upperdir=\d+,workdir=\d+/);
    // Nothing that is mounted inside comes back to the host or further.
    expect(lines.filter((line) => /shared:/.test(line))).toEqual([]);
  });

  test("has the same mounts whether they were prepared before its order came or not", async () => {
    const mounts = async (...flags: string[]) => {
      const { stdout } = await lab.run([...flags, builtinImage, "cat", "/proc/self/mountinfo"]);
      return stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ").slice(3).join(" "))
        .map((line) => line.replace(/[0-9a-f]{64}|dir=[\d:]+|size=\d+k/g, "…"))
        .toSorted();
    };
    const usual = await mounts();
    expect(usual.length).toBeGreaterThan(15);
    expect(await mounts("--shm-size", "3m")).toEqual(usual);
    const all = await mounts("--volume", "/:/host");
    expect(all.filter((line) => !/^\S+ \/host/.test(line))).toEqual(usual);
  });

  test("takes no orders for berth from labels, annotations and variables of the image", async () => {
    const canary = join(lab.victim, "hooked");
    const hook = `/bin/touch ${canary}`;
    const image = await lab.image(
      "orders",
      [{ name: "hook", content: `#!/bin/sh\n${hook}\n`, mode: 0o755 }],
      {
        Cmd: ["env"],
        Env: [
          "BERTH_ROOT=/nowhere",
          "BERTH_STORAGE_DRIVER=none",
          `LD_PRELOAD=${canary}`,
          "LD_LIBRARY_PATH=/evil",
          "PATH=/evil:/bin",
          `BUN_OPTIONS=--preload=${canary}`,
          "XDG_RUNTIME_DIR=/evil",
        ],
        Labels: {
          "run.oci.hooks.prestart": hook,
          "run.oci.keep_original_groups": "1",
          "io.podman.annotations.privileged": "TRUE",
          "io.podman.annotations.userns": "host",
          "cdi.k8s.io/devices": "vendor.com/device=all",
          "org.criu.config": canary,
        },
      },
    );
    const { code, stdout } = await lab.run([image]);
    expect(code).toBe(0);
    expect(stdout).toContain("BERTH_ROOT=/nowhere\n");
    expect((await lab.run([image, "cat", "/proc/self/status"])).stdout).toContain(
      "CapBnd:\t00000000a80425fb",
    );
    expect(lab.harm().names).toEqual(["secret"]);
  });
});

/** Paths that this kernel does not have are named by the script, and are no fault. */
function readOnlyGaps(paths: readonly string[]): string {
  return paths
    .filter((path) => !existsSync(path))
    .map((path) => `writable ${path}\n`)
    .join("");
}

describe("the default network", () => {
  test("reaches neither the host's loopback nor its abstract sockets, and slirp4netns runs confined", async () => {
    await using lab = await containerLab();
    using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("reached") });
    const child = Bun.spawn(
      [
        berthExecutable,
        "run",
        "--rm",
        "-i",
        builtinImage,
        "sh",
        "-c",
        `echo ready; read line
         for host in 10.0.2.2 10.0.2.3 127.0.0.1 0.0.0.0; do timeout 2 wget -qO- http://$host:${server.port}/; done
         grep -c @ /proc/net/unix; exit 0`,
      ],
      {
        env: { PATH: process.env.PATH ?? "", HOME: lab.root, BERTH_ROOT: join(lab.root, "data") },
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
    const reader = child.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("ready\n");
    const slirp = childrenOf(child.pid).find((words) => words.some((word) => word.endsWith("/slirp4netns")))!;
    for (const flag of ["--disable-host-loopback", "--enable-sandbox", "--enable-seccomp"])
      expect(slirp).toContain(flag);
    expect(slirp.some((word) => word.startsWith("--api-socket"))).toBe(false);
    child.stdin.write("go\n");
    await child.stdin.end();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read())
      rest += new TextDecoder().decode(part.value);
    expect(rest).toBe("0\n");
    expect(await child.exited).toBe(0);
  }, 20_000);
});

/** The command lines of a process's children. */
function childrenOf(pid: number): string[][] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "latin1"))?.[1];
        return Number(parent) === pid ? [readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0")] : [];
      } catch {
        return [];
      }
    });
}

describe("other people of the machine", () => {
  test("cannot enter the store, nor what a running container has open", async () => {
    using directory = temporaryDirectory();
    chmodSync(directory.path, 0o755);
    await using lab = await containerLab();
    expect((await lab.run(["-v", "named:/v", builtinImage, "true"])).code).toBe(0);
    expect((await lab.berth(["run", "--name", "kept", "--network", "none", builtinImage, "true"])).code).toBe(
      0,
    );
    const data = join(lab.root, "data");
    expect((statSync(data).mode & 0o777).toString(8)).toBe("700");
    for (const name of readdirSync(join(data, "containers")))
      expect((statSync(join(data, "containers", name)).mode & 0o777).toString(8)).toBe("700");
  });

  test("cannot prepare a runtime directory for somebody else", async () => {
    await using lab = await containerLab();
    const data = join(lab.root, "data");
    using foreign = temporaryDirectory();
    const runtime = join(foreign.path, "runtime");
    const attempt = () =>
      lab.run(["--read-only", builtinImage, "echo", "started"], { env: { XDG_RUNTIME_DIR: runtime } });
    mkdirSync(runtime);
    chmodSync(data, 0o500); // a store that cannot be written, so that the runtime directory is used
    try {
      expect(await attempt()).toMatchObject({ code: 0, stdout: "started\n" });
      const own = join(runtime, "berth");
      const rooms: [string, () => void][] = [
        ["a link", () => symlinkSync(lab.victim, own)],
        ["a dangling link", () => symlinkSync(join(lab.victim, "made"), own)],
        [
          "open to others",
          () => {
            mkdirSync(own);
            chmodSync(own, 0o777);
          },
        ],
        ["a file", () => writeFileSync(own, "")],
      ];
      for (const [name, prepare] of rooms) {
        rmSync(own, { recursive: true, force: true });
        prepare();
        const { code, stdout, stderr } = await attempt();
        expect([name, code, stdout]).toEqual([name, 125, ""]);
        expect([name, stderr]).toEqual([
          name,
          expect.stringMatching(/not a directory that belongs to this user alone|EEXIST|ENOENT|ENOTDIR/),
        ]);
        expect(lstatSync(own, { throwIfNoEntry: false })).toBeDefined();
      }
    } finally {
      chmodSync(data, 0o700);
    }
    expect(lab.harm().names).toEqual(["secret"]);
  }, 20_000);
});

describe("control characters of an image", () => {
  let lab: ContainerLab;
  const sequence = "\x1b]0;owned\x07\x1b[2J\x9b31m\r";
  beforeAll(async () => {
    lab = await containerLab();
    await lab.image("terminal", [], {
      Cmd: ["sh", "-c", "true", sequence],
      Entrypoint: [],
      Labels: { [`key${sequence}`]: `value${sequence}` },
      Env: [`X=${sequence}`],
      User: "",
    });
  });
  afterAll(() => lab[Symbol.asyncDispose]());
  const dangerous = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

  test("are made visible by every list and document", async () => {
    const name = "localhost/terminal:latest";
    expect((await lab.berth(["run", "--name", "shown", "--network", "none", name])).code).toBe(0);
    for (const args of [
      ["ps", "-a", "--no-trunc"],
      ["images", "-a", "--digests"],
      ["history", "--no-trunc", name],
      ["inspect", name],
      ["inspect", "shown"],
      ["ps", "-a", "--format", "table {{.Labels}}\t{{.Command}}"],
      ["ps", "-a", "--format", "json"],
    ]) {
      const { code, stdout, stderr } = await lab.berth(args);
      expect([args, code, dangerous.exec(stdout + stderr)]).toEqual([args, 0, null]);
    }
  });

  test("are made visible in errors", async () => {
    for (const config of [
      { Entrypoint: [`/no${sequence}`] },
      { Entrypoint: [`no${sequence}`] },
      { User: `user${sequence}` },
      { WorkingDir: `/etc/passwd/${sequence}`, Entrypoint: ["true"] },
      { Volumes: { [`/etc/passwd/${sequence}`]: {} }, Entrypoint: ["true"] },
    ]) {
      const image = await lab.image("error", [{ name: "link", symlink: "x" }], config);
      const { code, stderr } = await lab.run([image, "x"]);
      expect([125, 126, 127]).toContain(code);
      expect([config, dangerous.exec(stderr)]).toEqual([config, null]);
    }
    for (const args of [
      ["run", `im${sequence}`],
      ["rm", sequence],
      ["inspect", sequence],
      [sequence],
      ["run", `--${sequence}`],
    ]) {
      const { code, stdout, stderr } = await lab.berth(args);
      expect(code).not.toBe(0);
      expect([args, dangerous.exec(stdout + stderr)]).toEqual([args, null]);
    }
  }, 20_000);
});
