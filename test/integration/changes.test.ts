/** diff, commit, export and import: what a container has changed, on every storage driver and in both id modes. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { judge, Podman } from "../support/real-image.ts";
import { tarArchive, tarEntry } from "../support/tar-bytes.ts";
import { startInTerminal } from "../support/terminal-session.ts";

setDefaultTimeout(30_000);

/** Everything that a layer can say about the one below. */
const script = `set -e
echo new >/etc/new; ln /etc/new /etc/twin; chmod 4755 /etc/new
rm /bin/ls; rm -r /old; mkdir /old; echo inside >/old/kept-name
mv /moved /elsewhere; rm -r /gone
mkfifo -m 622 /fifo; ln -sf nowhere /etc/link; touch /unchanged-dir/x; rm /unchanged-dir/x
printf x | dd of=/holes bs=1M seek=8 2>/dev/null
chown 33:34 /etc/passwd; chmod 700 /`;

const changes = `C /bin
D /bin/ls
A /elsewhere
A /elsewhere/file
C /etc
A /etc/link
A /etc/new
C /etc/passwd
A /etc/twin
A /fifo
D /gone
A /holes
D /moved
C /old
D /old/a
D /old/b
A /old/kept-name
C /unchanged-dir
`;

const entries = [
  ...["old", "old/a", "moved", "gone", "unchanged-dir"].map((name) => ({
    name: `${name}/`,
    type: "5",
    mode: 0o755,
  })),
  ...["old/b", "moved/file", "gone/file"].map((name) => ({ name, content: name })),
];

/** The time in tar's list of what every start makes for its mounts, and of the directories that it makes it in. */
const datedByStart = /\S+ \S+(?= (?:\.\/|(?:dev|etc|proc|sys)\/|etc\/(?:hosts|hostname|resolv\.conf))$)/gm;

/** A user without subordinate ids, as far as berth can see. */
function oneId(root: string): Readonly<Record<string, string>> {
  const bin = join(root, "empty");
  mkdirSync(bin, { recursive: true });
  return { PATH: bin };
}

describe.each([
  ["overlay", false],
  ["fuse-overlayfs", false],
  ["copy", false],
  ["overlay", true],
] as const)("with %s, one id: %p", (driver, single) => {
  let lab: ContainerLab;
  let image: string;
  const path = (name: string) => join(lab.root, name);
  const run = (...args: string[]) => lab.berth(args, single ? { env: oneId(lab.root) } : {});
  async function succeed(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(...args);
    expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
    return stdout;
  }

  beforeAll(async () => {
    lab = await containerLab(driver);
    image = await lab.image("base", entries, { Cmd: ["sh"], Env: ["PATH=/bin", "A=1"] });
    await succeed("run", "--name", "changed", "--network", "none", image, "sh", "-c", script);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("diff tells what was added, changed and deleted, and the directories on the way", async () => {
    // A pretended chown leaves nothing that could be seen.
    expect(await succeed("diff", "changed")).toBe(single ? changes.replace("C /etc/passwd\n", "") : changes);
    await succeed("create", "--name", "untouched", image);
    expect(await succeed("diff", "untouched")).toBe("");
    await succeed("run", "--name", "idle", "--network", "none", image, "sh", "-c", ":");
    expect(await succeed("diff", "idle")).toBe("");
  });

  test("a committed image is the container's tree, as tar and umoci see it", async () => {
    const id = await succeed("commit", "changed", "made:1");
    expect(id).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    await succeed("export", "-o", path("container.tar"), "changed");
    await succeed("run", "--name", "again", "--network", "none", "made:1", "sh", "-c", ":");
    await succeed("export", "-o", path("image.tar"), "again");
    const list = async (tar: string) =>
      (await judge(["tar", "--numeric-owner", "--utc", "--full-time", "-tvf", path(tar)])).replaceAll(
        datedByStart,
        "-",
      );
    const tree = await list("container.tar");
    expect(await list("image.tar")).toBe(tree);
    expect(tree).toMatch(/^drwx------ 0\/0 .* \.\/$/m);
    expect(tree).toMatch(/^-rwsr-xr-x 0\/0 .* etc\/new$/m);
    expect(tree).toMatch(/^hrwsr-xr-x 0\/0 .* etc\/twin link to etc\/new$/m);
    expect(tree).toMatch(/^prw--w--w- 0\/0 .* fifo$/m);
    if (!single) expect(tree).toMatch(/^-rw-r--r-- 33\/34 .* etc\/passwd$/m);

    await succeed("save", "--format", "oci-archive", "-o", path("made.tar"), "made:1");
    await judge([
      "skopeo",
      "--insecure-policy",
      "copy",
      `oci-archive:${path("made.tar")}:1`,
      `oci:${path("oci")}:1`,
    ]);
    await judge(["umoci", "unpack", "--rootless", "--image", `${path("oci")}:1`, path("umoci")]);
    mkdirSync(path("exported"));
    await judge(["tar", "-C", path("exported"), "--no-same-owner", "-xpf", path("container.tar")]);
    const look = (root: string) =>
      judge([
        ...["sh", "-c", "cd $0 && find . ! -type d -printf '%P %y %m %s %n %l\\n' | sort"],
        ...[path(root)],
      ]);
    const found = (await look("exported")).replaceAll(/^etc\/(hosts|hostname|resolv\.conf) .*\n/gm, "");
    expect(await look("umoci/rootfs")).toBe(found);
    expect(readFileSync(path("umoci/rootfs/old/kept-name"), "utf8")).toBe("inside\n");
  });

  test("a container runs from it, and sees the whiteouts", async () => {
    const seen = await succeed(
      ...["run", "--rm", "--network", "none", "made:1"],
      ...["sh", "-c", "cat /etc/twin; cat /bin/../old/*; echo /gone /moved /old/* /bin/l*"],
    );
    expect(seen).toBe("new\ninside\n/gone /moved /old/kept-name /bin/ln\n");
  });

  test("settings of the container and changes are in the image", async () => {
    await succeed(
      ...["create", "-t", "--name", "settings", "-e", "B=2", "-u", "5:6", "-w", "/srv", "--label", "l=1"],
      ...["--entrypoint", "cat", image, "/etc/passwd"],
    );
    const changed = ["ENV C=$A$B", "EXPOSE 80", 'CMD ["x"]', "LABEL l=2 m=3", "ONBUILD RUN y", "VOLUME /v"];
    await succeed(
      ...["commit", "-a", "me <me@example.org>", "-m", "why not"],
      ...changed.flatMap((change) => ["-c", change]),
      ...["settings", "example.org/settings"],
    );
    const [inspected] = JSON.parse(await succeed("inspect", "example.org/settings:latest"));
    expect(inspected).toMatchObject({
      Author: "me <me@example.org>",
      Comment: "why not",
      Config: {
        Cmd: ["x"],
        Entrypoint: ["cat"],
        Env: ["PATH=/bin", "A=1", "B=2", "C=12"],
        ExposedPorts: { "80/tcp": {} },
        Labels: { l: "2", m: "3" },
        OnBuild: ["RUN y"],
        User: "5:6",
        Volumes: { "/v": {} },
        WorkingDir: "/srv",
      },
    });
    // Nothing was written, so there is no layer for it.
    expect(inspected.RootFS.Layers).toHaveLength(1);
    const history = await succeed(
      "history",
      "--format",
      "{{.CreatedBy}}|{{.Size}}|{{.Comment}}",
      "example.org/settings",
    );
    expect(history.split("\n")[0]).toBe("/etc/passwd|0B|why not");
  });

  test("what was exported is imported again, by berth and from standard input", async () => {
    await succeed("export", "-o", path("round.tar"), "changed");
    const id = await succeed("import", "-m", "from afar", "-c", 'CMD ["sh"]', path("round.tar"), "round:1");
    const environment = single ? oneId(lab.root) : {};
    const piped = await lab.berth(["import", "-"], {
      stdin: await Bun.file(path("round.tar")).bytes(),
      env: environment,
    });
    expect(piped.stdout).toMatch(/^sha256:/);
    await succeed("run", "--name", "round", "--network", "none", "round:1", "sh", "-c", ":");
    await succeed("export", "-o", path("round2.tar"), "round");
    // The root directory is dated by the container's start; all else is the same to the byte.
    const bytes = await Promise.all(["round.tar", "round2.tar"].map((name) => Bun.file(path(name)).bytes()));
    const [before, after] = bytes.map((tar) => Buffer.from(tar).subarray(512));
    expect(after!.equals(before!)).toBe(true);
    expect(await succeed("inspect", "-f", "{{.Id}} {{.Comment}}", "round:1")).toBe(
      `${id.trim()} from afar\n`,
    );
  });
});

describe("with any driver", () => {
  let lab: ContainerLab;
  beforeAll(async () => {
    lab = await containerLab();
    await lab.berth(["run", "--name", "one", "--network", "none", builtinImage, "touch", "/made"]);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("podman imports what berth exports, and berth what podman does", async () => {
    await using podman = new Podman();
    const exported = join(lab.root, "exported.tar");
    expect((await lab.berth(["export", "-o", exported, "one"])).code).toBe(0);
    await podman.run("import", "-q", exported, "localhost/from-berth");
    const container = (await podman.run("create", "localhost/from-berth", "sh")).trim();
    const back = join(lab.root, "podman.tar");
    await podman.run("export", "-o", back, container);
    const list = async (tar: string) =>
      (await judge(["tar", "--numeric-owner", "--utc", "-tvf", tar]))
        .split("\n")
        .filter((line) => !/ (\.\/|dev\/.*|etc\/.*|proc\/|sys\/|run\/.*)$/.test(line))
        .sort();
    expect(await list(back)).toEqual(await list(exported));
    expect((await lab.berth(["import", back, "from-podman"])).code).toBe(0);
    const seen = await lab.run(["from-podman", "busybox", "ls", "/made"]);
    expect(seen.stdout).toBe("/made\n");
  });

  test("a running container is exported and committed, and goes on", async () => {
    const writing = "n=0; while :; do n=$((n+1)); echo $n >/tmp/count; done";
    await lab.berth(["run", "-d", "--name", "busy", "--network", "none", builtinImage, "sh", "-c", writing]);
    for (const flags of [[], ["--no-pause"], ["--pause=false"]]) {
      const { code, stderr } = await lab.berth(["commit", ...flags, "busy", "busy"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
    expect((await lab.berth(["export", "-o", join(lab.root, "busy.tar"), "busy"])).code).toBe(0);
    expect((await lab.berth(["ps", "--format", "{{.State}}"])).stdout).toBe("running\n");
    await lab.berth(["rm", "-f", "busy"]);
  });

  test("a tar is imported in any compression that layers have, with owners and attributes", async () => {
    const tar = tarArchive(tarEntry({ name: "f", uid: 7, gid: 8, mode: 0o2755 }, "content"));
    const forms = { plain: tar, gzip: Bun.gzipSync(Uint8Array.from(tar)), zstd: Bun.zstdCompressSync(tar) };
    const ids = new Set<string>();
    for (const [name, bytes] of Object.entries(forms)) {
      writeFileSync(join(lab.root, name), bytes);
      expect((await lab.berth(["import", join(lab.root, name), `${name}:1`])).code).toBe(0);
      ids.add((await lab.berth(["inspect", "-f", "{{.RootFS.Layers}}", `${name}:1`])).stdout);
    }
    expect(ids.size).toBe(1);
    await lab.berth(["create", "--name", "imported", "gzip:1", "x"]);
    await lab.berth(["export", "-o", join(lab.root, "imported.tar"), "imported"]);
    const listed = await judge(["tar", "--numeric-owner", "-tvf", join(lab.root, "imported.tar")]);
    expect(listed).toMatch(/^-rwxr-sr-x 7\/8 +7 .* f$/m);
  });

  test("a tar is imported from the web, and what is not there is said", async () => {
    const tar = tarArchive(tarEntry({ name: "f" }, "content"));
    await using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch({ url }) {
        const { pathname } = new URL(url);
        if (pathname === "/moved") return Response.redirect("/x.tar.gz", 302);
        return pathname === "/x.tar.gz"
          ? new Response(Bun.gzipSync(Uint8Array.from(tar)))
          : new Response("no", { status: 404 });
      },
    });
    const address = `http://127.0.0.1:${server.port}`;
    const { code, stdout } = await lab.berth(["import", `${address}/moved`, "web:1"]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^Downloading from .*\/moved\nsha256:[0-9a-f]{64}\n$/),
    });
    const { stdout: comment } = await lab.berth(["history", "--format", "{{.Comment}}", "web:1"]);
    expect(comment).toBe(`Imported from ${address}/moved\n`);
    const missing = await lab.berth(["import", `${address}/none`]);
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("invalid response status 404"),
    });
  });

  const programs = ["xz", "bzip2"].filter((program) => Bun.which(program) !== null);

  test.each(programs)(
    "import and load take what %s compressed, also where it is not installed",
    async (program) => {
      const path = join(lab.root, `${program}-path`);
      mkdirSync(path);
      for (const needed of ["newuidmap", "newgidmap"]) {
        const found = Bun.which(needed);
        if (found !== null) symlinkSync(found, join(path, needed));
      }
      const compressed = (tar: string) => {
        const { stdout } = Bun.spawnSync([program, "-c", tar], { stdout: "pipe" });
        writeFileSync(`${tar}.${program}`, stdout);
        return `${tar}.${program}`;
      };
      const files = join(lab.root, `${program}.tar`);
      writeFileSync(files, tarArchive(tarEntry({ name: "f" }, "content")));
      const saved = join(lab.root, `${program}-saved.tar`);
      for (const [args, said] of [
        [["import", compressed(files), `from-${program}`], /^sha256:/],
        [["save", "-o", saved, `from-${program}`], /^$/],
      ] as const)
        expect((await lab.berth([...args])).stdout).toMatch(said);
      const without = { env: { PATH: path } };
      const layers = ["inspect", "-f", "{{.RootFS.Layers}}"];
      await lab.berth(["import", `${files}.${program}`, `without-${program}`], without);
      expect((await lab.berth([...layers, `without-${program}`])).stdout).toBe(
        (await lab.berth([...layers, `from-${program}`])).stdout,
      );
      expect((await lab.berth(["load", "-i", compressed(saved)], without)).stdout).toBe(
        `Loaded image: from-${program}:latest\n`,
      );
    },
  );

  test("a tree that is too deep for any path is no trouble", async () => {
    const dig = "while mkdir dd && cd dd; do :; done 2>/dev/null; rmdir dd; echo deep >end"; // as far as the shell goes
    await lab.berth(["run", "--name", "deep", "--network", "none", builtinImage, "sh", "-c", dig]);
    const { stdout } = await lab.berth(["diff", "deep"]);
    expect(stdout.trim().split("\n").at(-1)!.length).toBeGreaterThan(4090);
    expect((await lab.berth(["commit", "deep", "deep"])).code).toBe(0);
    expect((await lab.berth(["ps", "-as", "-f", "name=deep", "--format", "{{.Size}}"])).stdout).toStartWith(
      "5B ",
    );
    await lab.berth(["export", "-o", join(lab.root, "deep.tar"), "deep"]);
    expect(statSync(join(lab.root, "deep.tar")).size).toBeGreaterThan(1300 * 1024);
  });

  test("what cannot be done is said in Docker's words", async () => {
    writeFileSync(join(lab.root, "text"), "no tar at all, but long enough to be looked at");
    writeFileSync(join(lab.root, "xz"), Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]));
    writeFileSync(join(lab.root, "lz4"), Buffer.from([0x04, 0x22, 0x4d, 0x18, 0]));
    const cases: [string[], number, string][] = [
      [["diff"], 1, "'berth diff' requires 1 argument"],
      [["diff", "nope"], 1, "No such container: nope"],
      [["export", "nope"], 1, "No such container: nope"],
      [["export", "-o", lab.root, "one"], 1, "is a directory"],
      [["commit", "nope"], 1, "No such container: nope"],
      [["commit", "one", "Not-A-Name"], 1, "must be lowercase"],
      [["commit", "-c", "RUN true", "one"], 1, "RUN is not a valid change command"],
      [["commit", "--pause", "--no-pause", "one"], 1, "conflicting options"],
      [["import", "/no/such/file"], 1, "open /no/such/file: no such file or directory"],
      [["import", join(lab.root, "text")], 1, "layer is not valid"],
      [["import", join(lab.root, "xz")], 1, "cannot decompress the archive (xz)"],
      [["import", join(lab.root, "lz4")], 1, "compressed with lz4, which is not supported"],
      [["import", "--platform", "what", join(lab.root, "text")], 1, "what"],
    ];
    for (const [args, code, message] of cases) {
      const ended = await lab.berth(args);
      expect({ args, code: ended.code, stdout: ended.stdout, stderr: ended.stderr }).toEqual({
        args,
        code,
        stdout: "",
        stderr: expect.stringContaining(message),
      });
    }
    using session = startInTerminal(lab.root, ["export", "one"]);
    await session.shows(/cowardly refusing to save to a terminal\. Use the -o flag or redirect/);
    expect(await session.exited).toBe(1);
    expect((await lab.berth(["images", "-aq"])).stdout).not.toBe("");
  });
});
