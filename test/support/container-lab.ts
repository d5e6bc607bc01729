/** A store of its own with a canary beside it, and images that an attacker would make, for tests of `berth run`. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BerthOptions, berth, berthExecutable, type Ended } from "./berth-executable.ts";
import { tarArchive, tarEntry } from "./tar-bytes.ts";
import { writeOciLayout } from "./write-oci-layout.ts";

export const builtinImage = "builtin.berth/busybox:latest";

/** One entry of a hostile layer; directories on the way are made unless they are named. */
export interface LayerEntry {
  readonly name: string;
  readonly content?: string | Buffer;
  readonly symlink?: string;
  /** `5` directory, `6` FIFO … (tar's type flag). */
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface ContainerLab extends AsyncDisposable {
  readonly root: string;
  /** A directory of the same user outside the store, with a file `secret` in it. */
  readonly victim: string;
  /** Makes an image of busybox and the entries, and loads it as `localhost/<name>`. */
  image(
    name: string,
    entries: readonly LayerEntry[],
    config?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  berth(args: readonly string[], options?: BerthOptions): Promise<Ended>;
  /** `berth run --rm --network none …` */
  run(args: readonly string[], options?: BerthOptions): Promise<Ended>;
  /** `run` of a shell script in an image. */
  sh(image: string, script: string, ...flags: string[]): Promise<Ended>;
  /** What the victim directory has now: names, and the text of the secret. */
  harm(): { readonly names: readonly string[]; readonly secret: string };
}

export const unharmed = { names: ["secret"], secret: "the canary\n" };

function layer(busybox: Buffer, entries: readonly LayerEntry[]): Buffer {
  const named = new Set(entries.map(({ name }) => name));
  const base: LayerEntry[] = [
    { name: "bin/busybox", content: busybox, mode: 0o755 },
    ...["sh", "ls", "cat", "id", "env", "mount", "sleep", "mv", "ln"].map((name) => ({
      name: `bin/${name}`,
      symlink: "busybox",
    })),
    { name: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\n" },
    { name: "etc/group", content: "root:x:0:\n" },
  ];
  const directories = (["bin", "etc", "tmp"] as const)
    .filter((name) => !named.has(name))
    .map((name) => ({ name: `${name}/`, type: "5", mode: 0o755 }));
  const all: LayerEntry[] = [...directories, ...base.filter(({ name }) => !named.has(name)), ...entries];
  return tarArchive(
    ...all.map(({ name, content = "", symlink, type, mode = 0o644, uid = 0, gid = 0 }) =>
      symlink === undefined
        ? tarEntry({ name, mode, uid, gid, ...(type === undefined ? {} : { type }) }, content)
        : tarEntry({ name, type: "2", link: symlink, mode: 0o777, uid, gid }),
    ),
  );
}

export async function containerLab(driver?: string): Promise<ContainerLab> {
  const root = mkdtempSync(join(tmpdir(), "berth-start-"));
  const victim = join(root, "victim");
  mkdirSync(victim);
  writeFileSync(join(victim, "secret"), "the canary\n");
  const own = (args: readonly string[], options: BerthOptions = {}) =>
    berth(root, args, {
      ...options,
      env: { ...(driver === undefined ? {} : { BERTH_STORAGE_DRIVER: driver }), ...options.env },
    });
  const run = (args: readonly string[], options?: BerthOptions) =>
    own(["run", "--rm", "--network", "none", ...args], options);

  const output = join(root, "output");
  mkdirSync(output);
  const copied = await run(["-v", `${output}:/output`, builtinImage, "cp", "/bin/busybox", "/output/"]);
  if (copied.code !== 0) throw new Error(`no busybox: ${copied.stderr}`);
  const busybox = readFileSync(join(output, "busybox"));

  return {
    root,
    victim,
    async image(name, entries, config = {}) {
      const directory = join(root, "layouts", name);
      writeOciLayout(directory, {
        tag: `localhost/${name}:latest`,
        layers: [layer(busybox, entries)],
        config: { architecture: process.arch === "arm64" ? "arm64" : "amd64", config },
      });
      const loaded = await own(["load", "-i", directory]);
      if (loaded.code !== 0) throw new Error(`cannot load ${name}: ${loaded.stderr}`);
      return `localhost/${name}:latest`;
    },
    berth: own,
    run,
    sh: (image, script, ...flags) => run([...flags, image, "sh", "-c", script]),
    harm: () => ({
      names: readdirSync(victim),
      secret: readFileSync(join(victim, "secret"), "utf8"),
    }),
    async [Symbol.asyncDispose]() {
      // Files of subordinate ids can only be removed from inside a user namespace.
      const words = async (...args: string[]) => (await own(args)).stdout.split("\n").filter(Boolean);
      for (const id of await words("ps", "-aq")) await own(["rm", "-f", "-v", id]);
      await run(["-v", `${root}:/lab`, builtinImage, "sh", "-c", "rm -rf /lab/data/volumes/*"]);
      await own(["rmi", "-f", ...new Set(await words("images", "-aq"))]);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The digest of the executable under test. */
export async function executableDigest(): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(berthExecutable).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}
