import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { storageDrivers } from "../../src/base/configuration.ts";
import { BerthError } from "../../src/base/errors.ts";
import { type ProbeOptions, probeDriver } from "../../src/snapshot/probe-driver.ts";
import { createSnapshotter } from "../../src/snapshot/snapshotter.ts";
import type { Snapshotter } from "../../src/snapshot/types.ts";
import { paxHeader, tarArchive, tarEntry } from "../support/tar-bytes.ts";
import { expectUnpacked, identities, UnpackLab } from "../support/unpack-lab.ts";

const file = (name: string, content = name) => tarEntry({ name }, content);
const directory = (name: string, mode = 0o755) => tarEntry({ name, type: "5", mode, mtime: 77 });

/** Nobody sweeps here. */
const probe = (options: Omit<ProbeOptions, "reserve">) =>
  probeDriver({
    ...options,
    reserve: () => ({ path: join(options.dataDirectory, "tmp/probe"), [Symbol.dispose]() {} }),
  });

describe.each(identities)("snapshots, $mode ids", (identity) => {
  let lab: UnpackLab;
  let snapshotter: Snapshotter;
  beforeEach(() => {
    lab = new UnpackLab(identity);
    snapshotter = createSnapshotter(lab.environment);
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  const layer = async (...entries: readonly Buffer[]) =>
    expectUnpacked(await lab.unpack(tarArchive(...entries))).target;
  const ownDirectory = () => {
    const path = lab.newPath("container");
    mkdirSync(path);
    return path;
  };

  /** Two layers that use everything a layer can say about the one below. */
  const twoLayers = async () => [
    await layer(
      directory("./", 0o751),
      directory("d"),
      file("d/lower"),
      directory("hidden"),
      file("hidden/lower"),
      file("gone"),
      file("dir-to-file/x"),
      file("file-to-dir"),
      tarEntry({ name: "owned", uid: 33, gid: 34, mode: 0o4640 }, "owned"),
      tarEntry({ name: "owned-link", type: "1", link: "owned" }),
      tarEntry({ name: "link", type: "2", link: "d" }),
      tarEntry({ name: "fifo", type: "6", mode: 0o622 }),
      paxHeader([
        ["SCHILY.xattr.user.kept", "\x80"],
        ["GNU.sparse.size", "4194304"],
        ["GNU.sparse.map", "1048576,4"],
      ]),
      file("sparse", "data"),
    ),
    await layer(
      directory("./", 0o711),
      directory("d", 0o700),
      file("d/upper"),
      directory("hidden"),
      file("hidden/.wh..wh..opq", ""),
      file("hidden/upper"),
      file(".wh.gone", ""),
      file("dir-to-file"),
      directory("file-to-dir"),
      file("file-to-dir/x"),
    ),
  ];

  test("a copy is what an overlay of the layers shows", async () => {
    const layers = await twoLayers();
    const root = await snapshotter.prepareRoot({
      driver: "copy",
      layers,
      directory: ownDirectory(),
      volatile: false,
    });
    if (root.kind !== "directory") throw new Error(root.kind);
    const merged = lab.newPath("merged");
    mkdirSync(merged);
    const list =
      "find . -printf '%P %y %04m %U:%G %l %T@ ' \\( -type d -printf '\\n' -o -printf '%n %s\\n' \\) | sort";
    const contents = "find . -type f -exec sha256sum {} + | sort";
    const look = `${list}; ${contents}`;
    const overlay = await lab.asRoot(
      "sh",
      "-c",
      `mount -t overlay overlay -o "lowerdir=$2:$1,userxattr" "$3" && cd "$3" && { ${look}; }`,
      "sh",
      ...layers,
      merged,
    );
    const copy = await lab.asRoot("sh", "-c", `cd "$1" && { ${look}; }`, "sh", root.path);
    expect(copy).toBe(overlay);
    expect(copy).toContain("hidden/upper");
    expect(copy).not.toContain("hidden/lower");
    expect(copy).not.toContain("gone");
    expect(lab.attributes(join(root.path, "sparse"))).toEqual({ "user.kept": "\x80" });
    expect(lab.attributes(join(root.path, "hidden"))).toEqual({});
    expect(statSync(join(root.path, "sparse")).blocks).toBeLessThan(100);
  });

  test("a copy is made once, and its files are not the layers' files", async () => {
    const request = {
      driver: "copy",
      layers: await twoLayers(),
      directory: ownDirectory(),
      volatile: false,
    } as const;
    const root = await snapshotter.prepareRoot(request);
    if (root.kind !== "directory") throw new Error(root.kind);
    writeFileSync(join(root.path, "d/upper"), "changed");
    expect(await snapshotter.prepareRoot(request)).toEqual(root);
    expect(readFileSync(join(root.path, "d/upper"), "utf8")).toBe("changed");
    expect(readFileSync(join(request.layers[1]!, "d/upper"), "utf8")).toBe("d/upper");
  });

  test("an overlay gets an upper directory with the mode of the image's root", async () => {
    const layers = await twoLayers();
    const path = ownDirectory();
    const root = await snapshotter.prepareRoot({
      driver: "overlay",
      layers,
      directory: path,
      volatile: true,
    });
    const writable = { upper: join(path, "upper"), work: join(path, "work") };
    expect(root).toEqual({ kind: "overlay", lower: layers, writable, volatile: true });
    expect(statSync(writable.upper).mode & 0o7777).toBe(0o711);
    expect(existsSync(writable.work)).toBe(true);
  });

  test("a layer can be renamed whatever the image's root is like, and the container sees the true mode", async () => {
    const root = tarEntry({ name: "./", type: "5", mode: 0o555, uid: 33, gid: 33, mtime: 5 });
    const unpacked = await layer(root, file("x"));
    mkdirSync(join(lab.path, "store/layers"));
    const published = join(lab.path, "store/layers/layer");
    renameSync(unpacked, published);
    expect(lab.attributes(published)).toEqual({ "user.containers.override_stat": "33:33:0555" });
    expect(statSync(published).mtimeMs).toBe(5000);
    const request = { layers: [published], volatile: false };
    for (const driver of storageDrivers) {
      const mount = await snapshotter.prepareRoot({ driver, ...request, directory: ownDirectory() });
      const path = mount.kind === "directory" ? mount.path : (mount.writable?.upper ?? "");
      expect(statSync(path).mode & 0o7777).toBe(0o555);
    }
  });

  test("a work directory that a volatile mount has used is made anew", async () => {
    const path = ownDirectory();
    const request = {
      driver: "overlay",
      layers: await twoLayers(),
      directory: path,
      volatile: true,
    } as const;
    await snapshotter.prepareRoot(request);
    const mounting = `mount -t overlay overlay -o "lowerdir=$2:$1,upperdir=$3/upper,workdir=$3/work,userxattr,volatile" "$4"`;
    const merged = lab.newPath("merged");
    mkdirSync(merged);
    const args = ["sh", "-c", mounting, "sh", ...request.layers, path, merged];
    await lab.asRoot(...args);
    expect(await lab.asRoot(...args).catch(() => "refused")).toBe("refused");
    await snapshotter.prepareRoot(request);
    await lab.asRoot(...args);
  });

  test("fuse-overlayfs gets a place to be mounted on", async () => {
    const path = ownDirectory();
    const request = { layers: await twoLayers(), directory: path, volatile: false };
    const root = await snapshotter.prepareRoot({ driver: "fuse-overlayfs", ...request });
    expect(root).toMatchObject({ kind: "fuse-overlayfs", mountPoint: join(path, "merged") });
    expect(readdirSync(path).sort()).toEqual(["merged", "upper", "work"]);
  });

  test("an image without layers is an empty writable directory", async () => {
    const path = ownDirectory();
    const root = await snapshotter.prepareRoot({
      driver: "overlay",
      layers: [],
      directory: path,
      volatile: false,
    });
    expect(root).toEqual({ kind: "directory", path: join(path, "upper") });
  });

  test("an empty container is removed without a worker, its work directory of mode 0 too", async () => {
    const path = ownDirectory();
    for (const name of ["upper", "work/work/inner"]) mkdirSync(join(path, name), { recursive: true });
    Bun.spawnSync(["chmod", "0", join(path, "work/work")]);
    const none = { ...lab.environment, selfCommand: ["false"] };
    await createSnapshotter(none).removeTree(path);
    expect(existsSync(path)).toBe(false);
  });

  test("the driver is found by trying, and remembered", async () => {
    const dataDirectory = lab.newPath("data");
    const choice = await probe({ ...lab.environment, dataDirectory });
    expect(storageDrivers).toContain(choice.driver);
    expect(readdirSync(join(dataDirectory, "tmp"))).toEqual([]);
    const broken = { ...lab.environment, selfCommand: ["false"] };
    expect(await probe({ ...broken, dataDirectory })).toEqual(choice);
  });

  test("where the kernel refuses overlays the next driver is taken, and the reason told", async () => {
    const helpers = {
      command(name: "unshare" | string): readonly string[] {
        if (name === "fuse-overlayfs")
          throw new BerthError("unsupported", "helper program fuse-overlayfs is not installed");
        return lab.environment.helpers.command(name as "unshare");
      },
    };
    const environment = { ...lab.environment, helpers, selfCommand: ["false"] };
    const choice = await probe({ ...environment, dataDirectory: lab.newPath("data") });
    expect(choice.driver).toBe("copy");
    expect(choice.reason).toContain("probe-overlay");
    expect(choice.reason).toContain("fuse-overlayfs is not installed");
  });

  test("a forced driver that does not work is refused with the reason", async () => {
    const environment = {
      ...lab.environment,
      selfCommand: ["sh", "-c", "echo no overlay today >&2; exit 1"],
    };
    const forced = { ...environment, dataDirectory: lab.newPath("data"), forced: "overlay" } as const;
    const error = await probe(forced).catch((reason) => reason);
    expect(error).toMatchObject({ code: "unsupported" });
    expect(error.message).toContain("no overlay today");
    expect(await probe({ ...forced, forced: "copy" })).toEqual({ driver: "copy", reason: "asked for" });
  });
});
