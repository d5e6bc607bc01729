/** cp both ways, with running and stopped containers, on every storage driver; and that nothing leads it outside. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type ContainerLab, containerLab, unharmed } from "../support/container-lab.ts";
import { tarArchive, tarEntry } from "../support/tar-bytes.ts";
import { startInTerminal } from "../support/terminal-session.ts";

setDefaultTimeout(30_000);

const silent = { code: 0, stdout: "", stderr: "" };

describe.each(["overlay", "fuse-overlayfs", "copy"])("with %s", (driver) => {
  let lab: ContainerLab;
  let image: string;
  const path = (...names: string[]) => join(lab.root, ...names);
  const cp = (...args: string[]) => lab.berth(["cp", ...args]);
  beforeAll(async () => {
    lab = await containerLab(driver);
    image = await lab.image("copies", [
      { name: "dir/", type: "5", mode: 0o755 },
      { name: "dir/owned", content: "owned", uid: 33, gid: 34, mode: 0o640 },
      { name: "dir/link", symlink: "owned" },
      { name: "closed/", type: "5", mode: 0o700, uid: 33 },
      { name: "closed/file", content: "of another id", uid: 33, mode: 0o600 },
      { name: "group/", type: "5", mode: 0o2777, gid: 34 },
      { name: "to-victim", symlink: lab.victim },
    ]);
    mkdirSync(path("tree/sub"), { recursive: true });
    writeFileSync(path("tree/sub/file"), "of the host", { mode: 0o640 });
    symlinkSync("sub/file", path("tree/link"));
    const sleeper = ["-v", "vol:/vol", "--tmpfs", "/tmpfs", "--network", "none", image, "sleep", "1000"];
    await lab.berth(["run", "-d", "--name", "running", ...sleeper]);
    await lab.berth(["create", "--name", "stopped", "-v", "vol2:/vol", "--network", "none", image, "sh"]);
  });
  afterAll(async () => {
    expect(lab.harm()).toEqual(unharmed);
    await lab[Symbol.asyncDispose]();
  });

  describe.each(["running", "stopped"])("and a %s container", (name) => {
    test("a tree goes in, is root's, and comes out, and is the caller's", async () => {
      expect(await cp(path("tree"), `${name}:/dir`)).toEqual(silent);
      expect(await cp(`${path("tree")}/.`, `${name}:/vol`)).toEqual(silent);
      expect(await cp(path("tree/sub/file"), `${name}:vol/renamed`)).toEqual(silent);
      expect(await cp(`${name}:/dir`, path(`out-${name}`))).toEqual(silent);
      const out = (...names: string[]) => path(`out-${name}`, ...names);
      expect(readdirSync(out()).sort()).toEqual(["link", "owned", "tree"]);
      expect(readFileSync(out("tree/sub/file"), "utf8")).toBe("of the host");
      expect(readlinkSync(out("tree/link"))).toBe("sub/file");
      const owned = lstatSync(out("owned"));
      expect([owned.uid, owned.mode & 0o777]).toEqual([process.getuid!(), 0o640]);
      expect(await cp(`${name}:/vol/.`, path(`vol-${name}`))).toEqual(silent);
      expect(readdirSync(path(`vol-${name}`)).sort()).toEqual(["link", "renamed", "sub"]);
    });

    test("files of other ids are copied too, and -L follows a link", async () => {
      expect(await cp(`${name}:/closed/file`, path(`closed-${name}`))).toEqual(silent);
      expect(readFileSync(path(`closed-${name}`), "utf8")).toBe("of another id");
      expect(await cp("-L", `${name}:/dir/link`, path(`followed-${name}`))).toEqual(silent);
      expect(readFileSync(path(`followed-${name}`), "utf8")).toBe("owned");
    });

    test("a tar goes in and out through pipes, with its owners", async () => {
      const tar = tarArchive(
        tarEntry({ name: "piped/", type: "5", mode: 0o711, uid: 5 }),
        tarEntry({ name: "piped/file", uid: 5, gid: 6, mode: 0o4755 }, "content"),
      );
      const options = { stdin: Bun.gzipSync(Uint8Array.from(tar)) };
      expect(await lab.berth(["cp", "-", `${name}:/`], options)).toEqual(silent);
      const out = await cp(`${name}:/piped`, "-");
      const listed = Bun.spawnSync(["tar", "--numeric-owner", "-tv"], {
        stdin: Buffer.from(out.stdout),
      }).stdout.toString();
      expect(listed).toMatch(/^drwx--x--x 5\/0 .* piped\/\n-rwsr-xr-x 5\/6 +7 .* piped\/file\n$/);
      const file = await lab.berth(["cp", "-", `${name}:/piped/file`], options);
      expect(file).toMatchObject({ code: 1, stderr: expect.stringContaining("must be a directory") });
    });

    test("what is not there, and what does not fit, is said in Docker's words", async () => {
      const cases: [string[], string][] = [
        [[`${name}:/nope`, path("x")], `Could not find the file /nope in container ${name}`],
        [[path("tree"), `${name}:/no/such/place`], `Could not find the file /no/such/ in container ${name}`],
        [[path("nope"), `${name}:/`], "no such file or directory"],
        [[path("tree"), `${name}:/dir/owned`], "cannot copy directory"],
        [[path("tree/sub/file"), `${name}:/new/`], "no such directory"],
        [[`${name}:/dir`, path("tree/sub/file")], "cannot copy directory"],
        [[`${name}:/dir`, path("no/such/x")], "invalid output path: directory"],
        [[`${name}:/to-victim/secret`, path("x")], "Could not find the file /to-victim/secret"],
        [[path("tree/sub/file"), `${name}:/to-victim/secret`], "Could not find the file"],
      ];
      for (const [args, message] of cases) {
        const { code, stdout, stderr } = await cp(...args);
        expect({ args, code, stdout, stderr }).toEqual({
          args,
          code: 1,
          stdout: "",
          stderr: expect.stringContaining(message),
        });
      }
      expect(existsSync(path("x"))).toBe(false);
    });
  });

  test("what was copied in is there, with the owners that were asked for", async () => {
    writeFileSync(path("mine"), "mine", { mode: 0o604 });
    for (const name of ["running", "stopped"]) {
      expect(await cp(path("mine"), `${name}:/mine`)).toEqual(silent);
      expect(await cp(path("mine"), `${name}:/group/`)).toEqual(silent);
      expect(await cp("-a", path("mine"), `${name}:/kept`)).toEqual(silent);
    }
    await lab.berth(["start", "stopped"]);
    await lab.berth(["wait", "stopped"]);
    const look = 'busybox stat -c "%u %g %a %n" /mine /group/mine /kept; cat /mine';
    for (const name of ["running", "stopped"]) {
      const { stdout } = await lab.berth(["commit", name]);
      const found = await lab.sh(stdout.trim(), look);
      const own = `${process.getuid!()} ${process.getgid!()}`;
      expect(found.stdout).toBe(`0 0 604 /mine\n0 0 604 /group/mine\n${own} 604 /kept\nmine`);
    }
  });

  test("the whole of a running container comes out, without what the kernel shows in it", async () => {
    const { code, stderr } = await cp("running:/", path("whole"));
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^WARNING: device node skipped.*\n$/),
    });
    expect(readFileSync(path("whole/dir/owned"), "utf8")).toBe("owned");
    for (const name of ["proc", "sys"]) expect(readdirSync(path("whole", name))).toEqual([]);
  });

  test("a container that is read-only, or a volume that is, takes nothing", async () => {
    const flags = ["--read-only", "-v", "ro:/ro:ro", "-v", "rw:/rw", "--network", "none", image];
    await lab.berth(["run", "-d", "--name", "sealed", ...flags, "sleep", "1000"]);
    await lab.berth(["create", "--name", "sealed-stopped", ...flags, "sh"]);
    for (const name of ["sealed", "sealed-stopped"]) {
      const refused = async (to: string) => (await cp(path("tree"), `${name}:${to}`)).stderr;
      expect(await refused("/dir")).toBe("berth: container rootfs is marked read-only\n");
      expect(await refused("/ro")).toBe("berth: mounted volume is marked read-only\n");
      expect(await cp(path("tree"), `${name}:/rw`)).toEqual(silent);
    }
  });

  test("a swapped name leads neither out nor in (CVE-2018-15664, CVE-2019-10152)", async () => {
    const shared = path("shared");
    mkdirSync(join(shared, "name"), { recursive: true });
    for (let index = 0; index < 20; index++) writeFileSync(join(shared, `name/${index}`), "inside");
    writeFileSync(join(shared, "name/secret"), "inside");
    symlinkSync(`../../../../../../../../..${lab.victim}`, join(shared, "other"));
    const flags = ["-v", `${shared}:/shared`, "--network", "none", image, "sleep", "1000"];
    await lab.berth(["run", "-d", "--name", "hostile", ...flags]);
    const swapper = Bun.spawn(
      [
        process.execPath,
        join(import.meta.dir, "../support/swap-names.ts"),
        ...["name", "other"].map((name) => join(shared, name)),
      ],
      { stdin: "pipe", stdout: "pipe" },
    );
    const told = swapper.stdout.getReader();
    await told.read();
    let through = 0;
    const rounds = 8;
    for (let round = 0; round < rounds; round++) {
      const into = await cp(path("tree/sub/file"), `hostile:/shared/name/${round % 2 ? "secret" : "new"}`);
      const whole = await cp(path("tree"), "hostile:/shared/name");
      const out = await cp("hostile:/shared/name/secret", path("taken"));
      const all = await cp("hostile:/shared/name/.", path(`taken-${round}`));
      through += [into, whole, out, all].filter(({ code }) => code === 0).length;
      if (existsSync(path("taken"))) expect(readFileSync(path("taken"), "utf8")).not.toContain("canary");
      if (existsSync(path(`taken-${round}/secret`)))
        expect(readFileSync(path(`taken-${round}/secret`), "utf8")).not.toContain("canary");
    }
    await swapper.stdin.end();
    await swapper.exited;
    expect(through).toBeGreaterThan(0);
    expect(through).toBeLessThan(rounds * 4);
    expect(lab.harm()).toEqual(unharmed);
  });
});

describe("with any driver", () => {
  let lab: ContainerLab;
  beforeAll(async () => {
    lab = await containerLab();
  });
  afterAll(async () => {
    expect(lab.harm()).toEqual(unharmed);
    await lab[Symbol.asyncDispose]();
  });
  const path = (...names: string[]) => join(lab.root, ...names);

  test("nothing that the container has is run (CVE-2019-14271, CVE-2026-41567)", async () => {
    const canary = "#!/bin/sh\necho ran >>/ran\n";
    const programs = ["xz", "gzip", "tar", "unpigz", "nsenter", "sh", "busybox"];
    const image = await lab.image("traps", [
      ...programs.flatMap((name) => [
        { name: `usr/bin/${name}`, content: canary, mode: 0o755 },
        { name: `sbin/${name}`, content: canary, mode: 0o755 },
      ]),
      { name: "lib/libnss_files.so.2", content: canary, mode: 0o755 },
    ]);
    await lab.berth(["run", "-d", "--name", "traps", "--network", "none", image, "sleep", "1000"]);
    const tar = Bun.gzipSync(Uint8Array.from(tarArchive(tarEntry({ name: "file" }, "x"))));
    expect((await lab.berth(["cp", "-", "traps:/"], { stdin: tar })).code).toBe(0);
    expect((await lab.berth(["cp", "traps:/file", path("file")])).code).toBe(0);
    const ran = await lab.berth(["cp", "traps:/ran", path("ran")]);
    expect(ran.stderr).toContain("Could not find the file /ran");
  });

  test("neighbours that begin with the same letters stay where they are (CVE-2026-17106)", async () => {
    const image = await lab.image("neighbours", [
      { name: "dir/", type: "5", mode: 0o755 },
      { name: "dir/file", content: "x" },
      { name: "dir2/", type: "5", mode: 0o755 },
      { name: "dir2/file", symlink: "../../victim/secret" },
      { name: "dir-link", symlink: "dir2" },
    ]);
    await lab.berth(["create", "--name", "neighbours", image, "sh"]);
    mkdirSync(path("here"));
    expect((await lab.berth(["cp", "neighbours:/dir", path("here/renamed")])).code).toBe(0);
    expect(readdirSync(path("here"), { recursive: true }).sort()).toEqual(["renamed", "renamed/file"]);
  });

  test("a person is told how much was copied, unless -q", async () => {
    const image = await lab.image("told", []);
    await lab.berth(["create", "--name", "told", image, "sh"]);
    writeFileSync(path("five"), "12345");
    using into = startInTerminal(lab.root, ["cp", path("five"), "told:/five"]);
    await into.shows(/Successfully copied 5B \(transferred 2\.05kB\) to told:\/five/);
    expect(await into.exited).toBe(0);
    using out = startInTerminal(lab.root, ["cp", "told:five", path("back")]);
    await out.shows(/Successfully copied 5B \(transferred 2\.05kB\) to .*\/back/);
    expect(await out.exited).toBe(0);
    expect(statSync(path("back")).size).toBe(5);
    using quiet = startInTerminal(lab.root, ["cp", "-q", "told:five", path("quiet")]);
    expect(await quiet.exited).toBe(0);
    expect(quiet.output()).not.toContain("Successfully");
  });

  test("wrong words are refused", async () => {
    const cases: [string[], number, string][] = [
      [["a"], 1, "'berth cp' requires 2 arguments"],
      [["", "x:/"], 1, "source can not be empty"],
      [["x:/", ""], 1, "destination can not be empty"],
      [["nope:", "."], 1, "path cannot be empty"],
      [["/etc/hosts", "nope:"], 1, "path cannot be empty"],
      [["a:/x", "b:/y"], 1, "copying between containers is not supported"],
      [["/a", "/b"], 1, "must specify at least one container source"],
      [["./with:colon", "nope:/"], 1, "No such container: nope"],
      [["nope:/x", "-"], 1, "No such container: nope"],
    ];
    for (const [args, code, message] of cases) {
      const ended = await lab.berth(["cp", ...args]);
      expect({ args, ...ended }).toEqual({
        args,
        code,
        stdout: "",
        stderr: expect.stringContaining(message),
      });
    }
  });
});
