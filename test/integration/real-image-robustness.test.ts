import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { berth, berthExecutable } from "../support/berth-executable.ts";
import { noRealImage, type RealImage, realImage } from "../support/real-image.ts";

setDefaultTimeout(150_000);

const namespaces = Bun.spawnSync(["unshare", "-Urm", "true"]).exitCode === 0;

/** What a container of the whole image tells: the tree below /usr and /etc is complete, and nginx likes it. */
const check = [
  "sh",
  "-c",
  "dpkg --verify | grep -v /usr/share/doc/; cat /etc/motd; nginx -t 2>&1 | tail -n 1",
];
const checked = "made for tests\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n";

describe.skipIf(noRealImage !== undefined)("with Debian and nginx", () => {
  let image: RealImage;
  let name: string;
  const roots: string[] = [];
  const newRoot = () => {
    const root = image.newDirectory("robust");
    roots.push(root);
    return root;
  };
  const environmentOf = (root: string) => ({
    PATH: process.env.PATH,
    HOME: root,
    BERTH_ROOT: join(root, "data"),
  });
  const run = (root: string, ...flags: string[]) =>
    berth(root, ["run", "--rm", "--network", "none", ...flags, name, ...check]);

  beforeAll(async () => {
    image = await realImage();
    name = image.name("OCI with gzip layers");
  });
  afterAll(async () => {
    for (const root of roots) await berth(root, ["rmi", "-f", name]);
  });

  /** What of a store shows how far a pull is, by name. */
  const moments: Readonly<Record<string, (data: string) => boolean>> = {
    "the store exists": (data) => existsSync(join(data, "locks")),
    "a download has begun": (data) => partialBytes(data) > 0,
    "a tenth is downloaded": (data) => partialBytes(data) > 7e6,
    "half is downloaded": (data) => partialBytes(data) > 32e6,
    "one blob is there": (data) => count(data, "blobs/sha256") > 2,
    "a layer is being unpacked": (data) => unfinished(data, "").length > 0,
    "/etc is being unpacked": (data) => unfinished(data, "etc").length > 0,
    "/usr/bin is being unpacked": (data) => unfinished(data, "usr/bin").length > 0,
    "libraries are being unpacked": (data) => unfinished(data, "usr/lib/x86_64-linux-gnu").length > 0,
    "one layer is there": (data) => count(data, "layers") > 0,
    "/var is being unpacked": (data) => unfinished(data, "var/lib/dpkg").length > 0,
    "both layers are there": (data) => count(data, "layers") > 1,
  };

  test("a pull killed at twelve moments, one after the other, is completed by the next", async () => {
    const root = newRoot();
    const data = join(root, "data");
    for (const [moment, reached] of Object.entries(moments)) {
      const child = Bun.spawn([berthExecutable, "pull", "-q", name], {
        cwd: "/",
        env: environmentOf(root),
        stdout: "ignore",
        stderr: "pipe",
      });
      while (!reached(data) && child.exitCode === null) await Bun.sleep(1);
      child.kill("SIGKILL");
      await child.exited;
      const { code, stderr } = await berth(root, ["images"]);
      expect({ moment, code, stderr }).toEqual({ moment, code: 0, stderr: "" });
    }
    expect(await berth(root, ["pull", "-q", name])).toEqual({ code: 0, stdout: `${name}\n`, stderr: "" });
    expect(await run(root)).toEqual({ code: 0, stdout: checked, stderr: "" });
    expect(readdirSync(join(data, "tmp"))).toEqual([]);
  });

  test("six pulls at once, then ten runs at once", async () => {
    const root = newRoot();
    const pulls = await Promise.all(Array.from({ length: 6 }, () => berth(root, ["pull", "-q", name])));
    expect(pulls).toEqual(pulls.map(() => ({ code: 0, stdout: `${name}\n`, stderr: "" })));
    const runs = await Promise.all(Array.from({ length: 10 }, () => run(root)));
    expect(runs).toEqual(runs.map(() => ({ code: 0, stdout: checked, stderr: "" })));
    expect(readdirSync(join(root, "data/containers"))).toEqual([]);
    expect(readdirSync(join(root, "data/tmp"))).toEqual([]);
  });

  test("a home that cannot be written does not matter where BERTH_ROOT is elsewhere", async () => {
    const root = newRoot();
    const home = join(root, "home");
    mkdirSync(home, { mode: 0o500 });
    const env = { HOME: home };
    expect(await berth(root, ["pull", "-q", name], { env })).toMatchObject({ code: 0, stderr: "" });
    const ran = await berth(root, ["run", "--rm", "--network", "none", name, ...check], { env });
    expect(ran).toEqual({ code: 0, stdout: checked, stderr: "" });
    expect(readdirSync(home)).toEqual([]);
  });

  /** Runs a script as root of a user namespace with mounts of its own; `$B` is berth, `$D` an empty directory. */
  async function privately(script: string): Promise<{ output: string; code: number }> {
    const directory = image.newDirectory("private");
    const child = Bun.spawn(["unshare", "-Urm", "sh", "-euc", script], {
      env: { ...environmentOf(directory), B: berthExecutable, D: directory, I: name },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { output: stdout + stderr, code };
  }

  test.skipIf(!namespaces)(
    "a disk that fills up while layers are unpacked: said, and completed with space",
    async () => {
      const { output, code } = await privately(`
      mount -t tmpfs -o size=700m tmpfs "$D"
      head -c 470m /dev/zero > "$D/filler"
      if "$B" pull -q "$I"; then echo "pulled although there is no space"; exit 1; fi
      "$B" images --format 'listed: {{.Tag}}'
      rm "$D/filler"
      "$B" pull -q "$I"
      "$B" run --rm --network none "$I" cat /etc/motd
      "$B" rmi -f "$I" >/dev/null
      ls "$D/data/layers" "$D/data/tmp" | grep -c '[0-9a-f]' || echo empty`);
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("no space left") });
      expect(output).toContain(`${name}\nmade for tests\n`);
      expect(output).not.toContain("listed:");
    },
  );

  // An image without /etc/hosts needs a writable layer outside of the store, which there is none of yet.
  test.skipIf(!namespaces)("a store that cannot be written is listed, inspected and run from", async () => {
    const { output, code } = await privately(`
      mount -t tmpfs -o size=700m tmpfs "$D"
      "$B" pull -q "$I" >/dev/null
      "$B" run --rm "$I" true # unpacks what it embeds
      mount -o remount,bind,ro "$D"
      "$B" images --format 'listed: {{.Tag}}'
      "$B" inspect --format 'inspected: {{.Os}}' "$I"
      for flag in "" --storage-driver=overlay --storage-driver=fuse-overlayfs; do
        "$B" run --rm --read-only --network none $flag "$I" sh -c 'cat /etc/motd; touch /x 2>/dev/null || echo read-only'
      done
      if "$B" run --rm --network none "$I" true; then exit 1; fi`);
    const ran = "made for tests\nread-only\n";
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(ran + ran + ran) });
    expect(output).toContain("listed: nginx\ninspected: linux\n");
    expect(output).toContain("cannot be written");
  });
});

const names = (path: string) => (existsSync(path) ? readdirSync(path) : []);
const count = (data: string, directory: string) => names(join(data, directory)).length;

/** Bytes of the downloads that are under way. */
function partialBytes(data: string): number {
  return names(join(data, "tmp"))
    .filter((name) => name.endsWith(".partial"))
    .reduce(
      (sum, name) => sum + (statSync(join(data, "tmp", name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
}

/** Layers that are being unpacked and have `path` already. */
function unfinished(data: string, path: string): string[] {
  return names(join(data, "tmp")).filter(
    (name) => name.startsWith("layer-") && existsSync(join(data, "tmp", name, path)),
  );
}
