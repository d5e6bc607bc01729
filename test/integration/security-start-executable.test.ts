/** Nothing of the host is in a container's hands: not berth's executable, no descriptor, no directory. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import {
  builtinImage,
  type ContainerLab,
  containerLab,
  executableDigest,
  unharmed,
} from "../support/container-lab.ts";
import { startInTerminal } from "../support/terminal-session.ts";
import { tinyElf } from "../support/tiny-elf.ts";

const onX64 = process.arch === "x64";
const openAppend = 0o2001;
const [O_RDONLY, O_PATH] = [0, 0o10000000];
const [openCall, execveCall] = [2, 59];

/**
 * Programs that run as the interpreter (the dynamic loader) of /proc/self/exe: they keep a descriptor of the
 * executable, let go of it by execve, and the next one opens the descriptor for writing.
 */
const keeping = (flags: number) =>
  tinyElf([
    { number: openCall, args: [{ bytes: "/proc/self/exe" }, flags, 0] },
    { number: execveCall, args: [{ bytes: "/write" }, 0, 0] },
  ]);
const writing = tinyElf([{ number: openCall, args: [{ bytes: "/proc/self/fd/3" }, openAppend, 0] }]);

describe.each(["overlay", "fuse-overlayfs"])("berth's executable, with %s (CVE-2019-5736)", (driver) => {
  let lab: ContainerLab;
  let before: string;
  let image: string;
  beforeAll(async () => {
    before = await executableDigest();
    lab = await containerLab(driver);
    image = await lab.image(
      "executable",
      [
        { name: "link", symlink: "proc/self/exe" },
        { name: "script", content: "#!/proc/self/exe --version\n", mode: 0o755 },
        { name: "second", content: "#!/script\n", mode: 0o755 },
        { name: "write", content: writing, mode: 0o755 },
        { name: "keep", content: keeping(O_RDONLY), mode: 0o755 },
        { name: "keep-path", content: keeping(O_PATH), mode: 0o755 },
        { name: "lib64/", type: "5", mode: 0o755 },
        { name: "lib64/ld-linux-x86-64.so.2", content: keeping(O_PATH), mode: 0o755 },
        { name: "interpreted", content: interpretedBy("/proc/self/exe"), mode: 0o755 },
      ],
      { Entrypoint: ["/proc/self/exe"] },
    );
  });
  afterAll(async () => {
    expect(await executableDigest()).toBe(before);
    expect(lab.harm()).toEqual(unharmed);
    await lab[Symbol.asyncDispose]();
  });

  test.each([
    ["as the image's entry point", []],
    ["by its thread", ["/proc/thread-self/exe"]],
    ["through a link of the image", ["/link"]],
    ["as the interpreter of a script", ["/script"]],
    ["as the interpreter of an interpreter", ["/second"]],
  ])("is not run %s", async (_, program) => {
    const entry = program.flatMap((path) => ["--entrypoint", path]);
    const { code, stdout, stderr } = await lab.run([...entry, image]);
    expect(stderr).toContain("outside the container's root file system");
    expect({ code, stdout }).toEqual({ code: 126, stdout: "" });
  });

  test("is not what an init starts either", async () => {
    const { stdout } = await lab.run(["--init", image, "--version"]);
    expect(stdout).not.toContain("berth");
  });

  test.skipIf(!onX64)("gives nothing away as the loader of a program", async () => {
    const write = (program: string) => lab.run(["--entrypoint", program, image]);
    // Of themselves these programs do get a descriptor for writing: the attack as such works.
    expect(await write("/keep")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await write("/keep-path")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect((await write("/interpreted")).code).not.toBe(0);
  });

  test("is not in the container's /proc, and what is there of the host cannot be written", async () => {
    const script = `for exe in /proc/[0-9]*/exe; do
        readlink $exe; (: >>$exe) 2>/dev/null && echo "wrote $exe"; done; true`;
    for (const flags of [[], ["--init"]]) {
      const { stdout } = await lab.sh(builtinImage, script, ...flags);
      const lines = stdout.split("\n").filter(Boolean);
      expect(lines.filter((line) => !/^(\/bin\/busybox|\/dev\/init|\/proc\/.*)$/.test(line))).toEqual([]);
      expect(lines).toContain("/bin/busybox");
    }
    const { stdout } = await lab.sh(builtinImage, "ps");
    expect(stdout).not.toMatch(/berth|unshare|setpriv|fuse/);
  });
});

/** An ELF program without code whose interpreter (PT_INTERP) is the path. */
function interpretedBy(path: string): Buffer {
  const program = Buffer.from(tinyElf([]));
  const name = Buffer.from(`${path}\0`);
  const bytes = Buffer.concat([program.subarray(0, 120), Buffer.alloc(56), program.subarray(120), name]);
  bytes.writeUInt16LE(2, 56);
  const header = 120;
  bytes.writeUInt32LE(3, header); // PT_INTERP
  bytes.writeUInt32LE(4, header + 4);
  bytes.writeBigUInt64LE(BigInt(bytes.length - name.length), header + 8);
  bytes.writeBigUInt64LE(BigInt(name.length), header + 32);
  bytes.writeBigUInt64LE(BigInt(name.length), header + 40);
  return bytes;
}

describe.each(["overlay", "fuse-overlayfs"])(
  "descriptors of a container, with %s (CVE-2024-21626)",
  (driver) => {
    let lab: ContainerLab;
    beforeAll(async () => {
      lab = await containerLab(driver);
    });
    afterAll(() => lab[Symbol.asyncDispose]());
    // The fourth is its own of the directory that it lists.
    const list = ["ls", "/proc/self/fd"];
    const three = "0\n1\n2\n3\n";

    test.each([
      ["without flags", []],
      ["with standard input", ["-i"]],
      ["with an init", ["--init"]],
      [
        "with volumes, a working directory, a user and a read-only root",
        ["-v", "volume:/v", "--tmpfs", "/t", "-w", "/tmp", "-u", "33:44", "--read-only"],
      ],
    ])("are 0, 1 and 2 %s", async (_, flags) => {
      expect(await lab.run([...flags, builtinImage, ...list])).toMatchObject({ stdout: three });
    });

    test("are 0, 1 and 2 with the default network", async () => {
      const { stdout } = await lab.berth(["run", "--rm", builtinImage, ...list]);
      expect(stdout).toBe(three);
    });

    test("are 0, 1 and 2 on a terminal, and all three are the container's own terminal", async () => {
      using session = startInTerminal(lab.root, [
        "run",
        "--rm",
        "-it",
        "--network",
        "none",
        builtinImage,
        "ls",
        "-l",
        "/proc/self/fd",
      ]);
      expect(await session.exited).toBe(0);
      expect(session.output().match(/\d+ -> \S+/g)).toEqual([
        "0 -> /dev/pts/0",
        "1 -> /dev/pts/0",
        "2 -> /dev/pts/0",
      ]);
    });

    test("are 0, 1 and 2 when the caller has closed them, and has others open", async () => {
      const out = join(lab.root, "descriptors");
      writeFileSync(out, "");
      const command = `exec 7<${lab.victim} 8<${lab.victim}/secret; exec "$@" 0<&- 1>&- 2>&-`;
      const child = Bun.spawn(
        [
          "bash",
          "-c",
          command,
          "-",
          berthExecutable,
          "run",
          "--rm",
          "-i",
          "--network",
          "none",
          "-v",
          `${out}:/out`,
          builtinImage,
          "sh",
          "-c",
          "ls -l /proc/1/fd >/out",
        ],
        {
          env: {
            ...process.env,
            HOME: lab.root,
            BERTH_ROOT: join(lab.root, "data"),
            BERTH_STORAGE_DRIVER: driver,
          },
          stdio: ["ignore", "ignore", "ignore"],
        },
      );
      expect(await child.exited).toBe(0);
      expect(readFileSync(out, "utf8").match(/\d+ -> \S+/g)).toEqual([
        "0 -> /dev/null",
        "1 -> /out",
        "2 -> /dev/null",
      ]);
    });

    test("never are a directory of the host", async () => {
      const directory = openSync(lab.victim, "r");
      for (const [place, name] of ["input", "output", "error output"].entries()) {
        const stdio: ("ignore" | number | "pipe")[] = ["ignore", "ignore", "pipe"];
        stdio[place] = directory;
        const child = Bun.spawn(
          [berthExecutable, "run", "--rm", "-i", "--network", "none", builtinImage, "true"],
          {
            env: {
              ...process.env,
              HOME: lab.root,
              BERTH_ROOT: join(lab.root, "data"),
              BERTH_STORAGE_DRIVER: driver,
            },
            stdio: stdio as ["ignore", "ignore", "pipe"],
          },
        );
        const said = child.stderr instanceof ReadableStream ? await child.stderr.text() : undefined;
        expect(await child.exited).toBe(125);
        if (said !== undefined) expect(said).toContain(`standard ${name} is a directory`);
      }
    });

    test("do not open a file again that the caller only reads", async () => {
      const child = Bun.spawn(
        [
          berthExecutable,
          "run",
          "--rm",
          "-i",
          "--network",
          "none",
          builtinImage,
          "sh",
          "-c",
          "echo overwritten >/proc/self/fd/0; cat",
        ],
        {
          env: {
            ...process.env,
            HOME: lab.root,
            BERTH_ROOT: join(lab.root, "data"),
            BERTH_STORAGE_DRIVER: driver,
          },
          stdio: [openSync(join(lab.victim, "secret"), "r"), "pipe", "pipe"],
        },
      );
      expect(await child.stdout.text()).toContain("the canary\n");
      expect(lab.harm()).toEqual(unharmed);
    });

    test("are no way out through the working directory, from the command line or the image", async () => {
      const places = [0, 3, 4, 7, 9].map((fd) => `/proc/self/fd/${fd}`);
      places.push("/proc/self/cwd", "/proc/1/root", "/proc/self/exe", "/proc/self/task/../fd/4/../..");
      const results = await Promise.all(
        places.map((place) => lab.run(["-w", place, builtinImage, "cat", "etc/hostname"])),
      );
      expect(results.map(({ code }) => code)).toEqual(places.map(() => 125));
      for (const [index, WorkingDir] of ["/proc/self/fd/7", "/proc/self/fd/8/../.."].entries()) {
        const image = await lab.image(`cwd-${index}`, [], { WorkingDir });
        expect(await lab.sh(image, "pwd; ls ../../../..")).toMatchObject({ code: 125, stdout: "" });
      }
    }, 20_000);
  },
);
