/** `volume …`, and what of volumes and binds `run` shows, shares, gives away and refuses. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { builtinImage, type ContainerLab, containerLab, unharmed } from "../support/container-lab.ts";

describe.each(["overlay", "fuse-overlayfs"])("volumes, with %s", (driver) => {
  let lab: ContainerLab;
  beforeAll(async () => {
    lab = await containerLab(driver);
  });
  afterAll(async () => {
    expect(lab.harm()).toEqual(unharmed);
    await lab[Symbol.asyncDispose]();
  });
  const volume = (...args: string[]) => lab.berth(["volume", ...args]);
  const names = async (...args: string[]) =>
    (await volume("ls", "-q", ...args)).stdout.split("\n").filter(Boolean);

  test("are created with labels, listed by name and filter, inspected and removed", async () => {
    expect((await volume("create", "vol10", "--label", "kind=test")).stdout).toBe("vol10\n");
    expect((await volume("create", "--name", "vol2")).stdout).toBe("vol2\n");
    expect((await volume("create", "vol10", "--label", "kind=other")).stdout).toBe("vol10\n");
    const nameless = (await volume("create")).stdout.trim();
    expect(nameless).toMatch(/^[0-9a-f]{64}$/);
    await lab.berth(["run", "--name", "user", "--network", "none", "-v", "vol2:/data", builtinImage, "true"]);

    expect((await volume("ls", "-f", "name=vol")).stdout).toBe(
      "DRIVER    VOLUME NAME\nlocal     vol2\nlocal     vol10\n",
    );
    expect(await names("-f", "dangling=true", "-f", "name=vol")).toEqual(["vol10"]);
    expect(await names("-f", "dangling=false")).toEqual(["vol2"]);
    expect(await names("-f", "label=kind")).toEqual(["vol10"]);
    expect(await names("-f", "label=kind=other")).toEqual([]);
    expect(await names("-f", "driver=nfs")).toEqual([]);
    expect((await volume("ls", "-f", "x=y")).stderr).toContain("invalid filter 'x'");
    expect((await volume("ls", "-f", "dangling=maybe")).stderr).toContain(
      "invalid filter 'dangling=[maybe]'",
    );
    const json = (await volume("ls", "-f", "name=vol2", "--format", "json")).stdout;
    expect(Object.keys(JSON.parse(json))).toEqual([
      ...[
        "Availability",
        "Driver",
        "Group",
        "Labels",
        "Links",
        "Mountpoint",
        "Name",
        "Scope",
        "Size",
        "Status",
      ],
    ]);

    const [inspected] = JSON.parse((await volume("inspect", "vol10")).stdout);
    expect(inspected).toMatchObject({
      Driver: "local",
      Labels: { kind: "test" },
      Mountpoint: join(lab.root, "data/volumes/vol10/_data"),
      Name: "vol10",
      Options: null,
      Scope: "local",
    });
    expect((await lab.berth(["inspect", "--type", "volume", "-f", "{{.Name}}", "vol2"])).stdout).toBe(
      "vol2\n",
    );
    const id = (await lab.berth(["inspect", "-f", "{{.Id}}", "user"])).stdout.trim();
    expect(await volume("rm", "vol2", "vol10", "none")).toEqual({
      code: 1,
      stdout: "vol10\n",
      stderr: `berth: remove vol2: volume is in use - [${id}]\nberth: get none: no such volume\n`,
    });
    expect(await volume("rm", "-f", "none")).toEqual({ code: 0, stdout: "none\n", stderr: "" });
    expect(existsSync(inspected.Mountpoint)).toBe(false);
    expect(await volume("inspect", "none")).toEqual({
      code: 1,
      stdout: "[]\n",
      stderr: "berth: get none: no such volume\n",
    });
    await lab.berth(["rm", "user"]);
    await volume("rm", "vol2", nameless);
  });

  test("that nobody uses are pruned: anonymous ones, or all", async () => {
    await volume("create", "named");
    await volume("create", "kept", "--label", "keep=yes");
    await lab.berth([
      "run",
      "--name",
      "holder",
      "--network=none",
      "-v",
      "/x",
      builtinImage,
      "sh",
      "-c",
      "head -c 1500 /dev/zero > /x/f",
    ]);
    const [held] = JSON.parse((await lab.berth(["inspect", "holder"])).stdout)[0].Mounts;
    const question = (which: string) =>
      `WARNING! This will remove ${which} local volumes not used by at least one container.\nAre you sure you want to continue? [y/N] `;
    expect((await volume("prune")).stdout).toBe(question("anonymous"));
    expect((await volume("prune", "-a")).stdout).toBe(question("all"));
    expect((await volume("prune", "-f")).stdout).toBe("Total reclaimed space: 0B\n");
    expect((await volume("prune", "-f", "--filter", "until=1h")).stderr).toContain("invalid filter 'until'");
    await lab.berth(["rm", "holder"]);
    expect((await volume("prune", "-f")).stdout).toBe(
      `Deleted Volumes:\n${held.Name}\n\nTotal reclaimed space: 1.5kB\n`,
    );
    expect((await volume("prune", "-a", "-f", "--filter", "label!=keep")).stdout).toContain(
      "Deleted Volumes:\nnamed\n",
    );
    expect(await names()).toEqual(["kept"]);
    expect((await lab.berth(["system", "prune", "-f", "--volumes"])).code).toBe(0);
    expect(await names()).toEqual(["kept"]);
    await volume("prune", "-f", "--filter", "all=1");
    expect(await names()).toEqual([]);
  });

  test("what is no local volume is refused with the reason", async () => {
    const reasons = [
      [["volume", "create", "-d", "nfs"], 'error looking up volume plugin nfs: plugin "nfs" not found'],
      [
        ["volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs"],
        "volume options are not supported: type=tmpfs",
      ],
      [["volume", "create", "a/b"], "includes invalid characters for a local volume name"],
      [["volume", "create", "a1", "--name", "b1"], "cannot specify a volume-name through both"],
      [["run", "--volume-driver", "nfs", builtinImage], "error looking up volume plugin nfs"],
      [
        ["run", "--mount", "type=volume,dst=/x,volume-driver=nfs", builtinImage],
        "error looking up volume plugin nfs",
      ],
      [
        ["run", "--mount", "type=volume,dst=/x,volume-opt=type=nfs", builtinImage],
        "volume options are not supported",
      ],
      [
        ["run", "--mount", "type=volume,dst=/x,volume-subpath=a", builtinImage],
        "when using anonymous volumes",
      ],
      [
        ["run", "--mount", "type=volume,src=v1,dst=/x,volume-subpath=../a", builtinImage],
        "must be a relative path",
      ],
      [
        ["run", "--mount", "type=bind,src=/tmp,dst=/x,bind-recursive=writable", builtinImage],
        "requires 'readonly'",
      ],
      [
        ["run", "--mount", "type=bind,src=/tmp,dst=/x,bind-propagation=rshared", builtinImage],
        "cannot be shared",
      ],
      [["run", "--volumes-from", "nobody", builtinImage], "No such container: nobody"],
      [["run", "--volumes-from", "x:y", builtinImage], "invalid mode for volumes-from: y"],
    ] as const;
    for (const [args, reason] of reasons) {
      const { stderr, code } = await lab.berth(args);
      expect(stderr).toContain(reason);
      expect([args, code]).toEqual([args, args[0] === "run" ? 125 : 1]);
    }
    expect(await names()).toEqual([]);
  });

  test("--volumes-from gives what another container has, and no more rights", async () => {
    const shared = join(lab.root, "from");
    mkdirSync(shared);
    writeFileSync(join(shared, "file"), "of the host\n");
    const first = ["run", "--name", "first", "--network", "none", "-v", "named:/named", "-v", "/nameless"];
    await lab.berth([
      ...first,
      "-v",
      `${shared}:/host:ro`,
      builtinImage,
      "sh",
      "-c",
      "echo 1 | tee /named/f > /nameless/f",
    ]);
    const script = "cat /named/f /nameless/f /host/file; echo x > /host/new; echo 2 > /nameless/f";
    const { stdout, stderr } = await lab.sh(builtinImage, script, "--volumes-from", "first");
    expect(stdout).toBe("1\n1\nof the host\n");
    expect(stderr).toContain("/host/new: Read-only file system");
    const closed = await lab.sh(
      builtinImage,
      "cat /nameless/f; echo 3 > /named/f",
      "--volumes-from",
      "first:ro",
    );
    expect(closed.stdout).toBe("2\n");
    expect(closed.stderr).toContain("Read-only file system");
    const own = await lab.sh(builtinImage, "ls /named", "--volumes-from", "first", "--tmpfs", "/named");
    expect(own.stdout).toBe("");
    await lab.berth([
      "run",
      "--name",
      "second",
      "--network=none",
      "--volumes-from",
      "first:ro",
      builtinImage,
      "true",
    ]);
    const format = "{{.HostConfig.VolumesFrom}} {{len .Mounts}} {{(index .Mounts 0).RW}}";
    expect((await lab.berth(["inspect", "-f", format, "second"])).stdout).toBe("[first:ro] 3 false\n");
    await lab.berth(["rm", "-v", "first"]);
    expect(await names()).toHaveLength(2);
    await lab.berth(["rm", "-v", "second"]);
    expect(await names()).toEqual(["named"]);
    await volume("rm", "named");
  });

  test("a part of a volume is found inside of it, and leads nowhere else", async () => {
    await lab.sh(
      builtinImage,
      "mkdir -p /v/a/b && echo inside > /v/a/b/f && ln -s ../../../../../../../.. /v/out",
      "-v",
      "parts:/v",
    );
    const part = (subpath: string) => [
      "--mount",
      `type=volume,src=parts,dst=/part,volume-subpath=${subpath}`,
    ];
    expect((await lab.sh(builtinImage, "cat /part/f", ...part("a/b"))).stdout).toBe("inside\n");
    expect((await lab.sh(builtinImage, "ls /part", ...part("out"))).stdout).toBe("a\nout\n");
    symlinkSync(lab.victim, join(lab.root, "data/volumes/parts/_data/victim"));
    for (const subpath of ["victim", "none"]) {
      const { stderr, code } = await lab.run([...part(subpath), builtinImage, "ls", "/part"]);
      expect([subpath, code]).toEqual([subpath, 125]);
      expect(stderr).toContain("cannot mount");
    }
    await volume("rm", "parts");
  });

  test(":U gives everything to the user of the container, and follows no link", async () => {
    const shared = join(lab.root, "owned");
    mkdirSync(join(shared, "below"), { recursive: true });
    writeFileSync(join(shared, "below/file"), "");
    symlinkSync(join(lab.victim, "secret"), join(shared, "link"));
    const flags = ["-u", "7:8", "-v", `${shared}:/owned:U`, "-v", "fresh:/fresh:U"];
    const script =
      "cd /; stat -c '%u:%g' owned owned/below owned/below/file fresh; touch owned/below/new fresh/new";
    const { stdout, code } = await lab.sh(builtinImage, script, ...flags);
    expect({ stdout, code }).toEqual({ stdout: "7:8\n7:8\n7:8\n7:8\n", code: 0 });
    expect(statSync(join(lab.victim, "secret")).uid).toBe(process.getuid!());
    await lab.sh(builtinImage, "true", "-u", "0", "-v", `${shared}:/owned:U`);
    expect(statSync(join(shared, "below/new")).uid).toBe(process.getuid!());
    const { stderr } = await lab.sh(builtinImage, "true", "-v", `${lab.root}:/owned:U`);
    expect(stderr).toContain("is not given away");
    await volume("rm", "fresh");
  });

  test("the files of another image are there, read-only, and stay when that image is removed", async () => {
    const image = await lab.image("shown", [
      { name: "data/", type: "5", mode: 0o755 },
      { name: "data/file", content: "of the image\n", uid: 7 },
      { name: "out", symlink: "../../../../../../../../" },
    ]);
    const mounted = (more = "") => ["--mount", `type=image,src=${image},dst=/image${more}`];
    const script = "cat /image/data/file; stat -c %u /image/data/file; echo x > /image/new";
    const { stdout, stderr } = await lab.sh(builtinImage, script, ...mounted());
    expect(stdout).toBe("of the image\n7\n");
    expect(stderr).toContain("/image/new: Read-only file system");
    const part = await lab.sh(builtinImage, "ls /image", ...mounted(",image-subpath=data"));
    expect(part.stdout).toBe("file\n");
    const out = await lab.sh(builtinImage, "ls /image", ...mounted(",image-subpath=out"));
    expect(out.stdout).toBe("bin\ndata\netc\nout\ntmp\n");

    // With more than one layer.
    await lab.berth([
      "run",
      "--name",
      "changer",
      "--network=none",
      image,
      "busybox",
      "sh",
      "-c",
      "echo 2 > /data/file; busybox rm /out",
    ]);
    await lab.berth(["commit", "changer", "localhost/two:latest"]);
    await lab.berth(["rm", "changer"]);
    const two = ["--mount", "type=image,src=localhost/two,dst=/image"];
    const words = [
      "run",
      "--name",
      "shower",
      "--network=none",
      ...two,
      builtinImage,
      "ls",
      "/image",
      "/image/data",
    ];
    expect((await lab.berth(words)).stdout).toBe("/image:\nbin\ndata\netc\ntmp\n\n/image/data:\nfile\n");
    expect(
      (await lab.sh(builtinImage, "cat /image/file", ...two.slice(0, 1), `${two[1]},image-subpath=data`))
        .stdout,
    ).toBe("2\n");
    await lab.berth(["rmi", "-f", "localhost/two", image]);
    expect((await lab.berth(["start", "-a", "shower"])).stdout).toContain("/image/data:\nfile\n");
    const [shown] = JSON.parse((await lab.berth(["inspect", "shower"])).stdout);
    expect(shown.Mounts).toMatchObject([
      { Type: "image", Source: "localhost/two", Destination: "/image", RW: false },
    ]);
    await lab.berth(["rm", "shower"]);
    const missing = await lab.sh(builtinImage, "true", ...two);
    expect(missing.stderr).toContain("No such image: localhost/two:latest");
  });

  test("the labels of a --mount are those of the volume that it makes", async () => {
    await lab.sh(
      builtinImage,
      "true",
      "--mount",
      "type=volume,src=labelled,dst=/x,volume-label=a=b,volume-label=c",
    );
    expect((await volume("inspect", "-f", "{{json .Labels}}", "labelled")).stdout).toBe('{"a":"b","c":""}\n');
    await volume("rm", "labelled");
  });

  test("what is mounted below a bind is read-only with it, unless it is said otherwise", async () => {
    const source = "/dev"; // has mounts below it on every machine
    const bind = (options: string) => ["--mount", `type=bind,src=${source},dst=/host,${options}`];
    const isReadOnly = async (options: string) =>
      (
        await lab.sh(
          builtinImage,
          "grep ' /host/shm ' /proc/mounts | cut -d ' ' -f 4 | cut -d , -f 1 | tail -1",
          ...bind(options),
        )
      ).stdout;
    expect(await isReadOnly("readonly")).toBe("ro\n");
    expect(await isReadOnly("readonly,bind-recursive=writable")).toBe("rw\n");
    const alone = await lab.run([...bind("bind-recursive=disabled"), builtinImage, "true"]);
    expect(alone.stderr).toContain("cannot be left out without root");
    const plain = join(lab.root, "plain");
    mkdirSync(plain, { recursive: true });
    const nothingBelow = ["--mount", `type=bind,src=${plain},dst=/host,bind-nonrecursive`];
    expect((await lab.run([...nothingBelow, builtinImage, "true"])).code).toBe(0);
  });

  test("two that remove one volume: one does, the other is told", async () => {
    await volume("create", "raced");
    const [a, b] = await Promise.all([volume("rm", "raced"), volume("rm", "raced")]);
    expect([a!.code, b!.code].toSorted()).toEqual([0, 1]);
    expect(`${a!.stderr}${b!.stderr}`).toBe("berth: get raced: no such volume\n");
    expect(readdirSync(join(lab.root, "data/volumes"))).toEqual([]);
    expect(readFileSync(join(lab.victim, "secret"), "utf8")).toBe("the canary\n");
  });
});
