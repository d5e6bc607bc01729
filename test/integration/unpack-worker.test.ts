import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { BerthError } from "../../src/base/errors.ts";
import { createLayerUnpacker } from "../../src/snapshot/layer-unpacker.ts";
import { removeSnapshotTree } from "../../src/snapshot/remove-snapshot-tree.ts";
import { runWorker } from "../../src/snapshot/run-worker.ts";
import { tarArchive, tarEnd, tarEntry, tarHeader } from "../support/tar-bytes.ts";
import { diffIdOf, expectUnpacked, identities, UnpackLab } from "../support/unpack-lab.ts";

const mebibyte = Buffer.alloc(1024 * 1024);

/** The gzip members of an archive with one file of `size` MiB of zeros, and its diff id. */
function zeros(size: number): { blob: Buffer; diffId: `sha256:${string}` } {
  const header = tarHeader({ name: "zeros", size: size * mebibyte.length });
  const hash = new Bun.CryptoHasher("sha256").update(header);
  const member = Bun.gzipSync(mebibyte);
  for (let index = 0; index < size; index++) hash.update(mebibyte);
  const members = [
    Bun.gzipSync(new Uint8Array(header)),
    ...Array(size).fill(member),
    Bun.gzipSync(new Uint8Array(tarEnd)),
  ];
  return { blob: Buffer.concat(members), diffId: `sha256:${hash.update(tarEnd).digest("hex")}` };
}

describe.each(identities)("a worker, $mode ids", (identity) => {
  let lab: UnpackLab;
  beforeEach(() => {
    lab = new UnpackLab(identity);
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  /** The same worker, started by `script`, which ends in `exec "$@"`. */
  const startedBy = (script: string, ...args: readonly string[]) => ({
    ...lab.environment,
    selfCommand: ["sh", "-c", script, "sh", ...args, ...lab.environment.selfCommand],
  });

  test("unpacks a bomb with flat memory", async () => {
    const { blob, diffId } = zeros(512);
    expect(blob.length).toBeLessThan(1024 * 1024);
    const report = join(lab.path, "memory");
    const measure = `const [file, ...argv] = process.argv.slice(1);
      const end = Bun.spawnSync(argv, { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
      await Bun.write(file, String(end.resourceUsage.maxRSS)); process.exit(end.exitCode);`;
    const environment = {
      ...lab.environment,
      selfCommand: [process.execPath, "-e", measure, report, ...lab.environment.selfCommand],
    };
    const target = lab.newPath();
    const request = { blob: lab.writeBlob(blob), diffId, target };
    const result = await createLayerUnpacker(environment).unpack(request);
    expect(result.size).toBe(512 * mebibyte.length);
    const bytes = Number(readFileSync(report, "utf8"));
    expect(bytes).toBeGreaterThan(10 * mebibyte.length);
    expect(bytes).toBeLessThan(300 * mebibyte.length);
  }, 30_000);

  test("tells how much of the blob it has read", async () => {
    const { blob, diffId } = zeros(64);
    const told: number[] = [];
    const request = {
      blob: lab.writeBlob(blob),
      diffId,
      target: lab.newPath(),
    };
    await createLayerUnpacker(lab.environment).unpack(request, (bytes) => told.push(bytes));
    expect(told.length).toBeGreaterThan(0);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBeLessThanOrEqual(blob.length);
  });

  test("unpacks a blob while it grows, wherever it is moved", async () => {
    const { blob, diffId } = zeros(64);
    const half = blob.length >> 1;
    const [path, moved] = [lab.writeBlob(blob.subarray(0, half)), lab.newPath("moved")];
    const read = Promise.withResolvers<void>();
    async function* lengths() {
      yield half;
      await read.promise; // it has come to the end of what is there
      appendFileSync(path, blob.subarray(half));
      renameSync(path, moved);
    }
    const result = await createLayerUnpacker(lab.environment).unpack(
      { blob: moved, arriving: { path, lengths: lengths() }, diffId, target: lab.newPath() },
      () => read.resolve(),
    );
    expect(result.size).toBe(64 * mebibyte.length);
  });

  test("a blob that stops growing too early is refused", async () => {
    const { blob, diffId } = zeros(4);
    const path = lab.writeBlob(blob.subarray(0, -100));
    async function* lengths() {
      yield 10;
    }
    const target = lab.newPath();
    const unpacking = createLayerUnpacker(lab.environment).unpack({
      blob: "/nowhere",
      arriving: { path, lengths: lengths() },
      diffId,
      target,
    });
    expect(await unpacking.catch((error) => error)).toMatchObject({ code: "invalid-image" });
    expect(existsSync(target)).toBe(false);
  });

  test("ends when it is interrupted, and leaves nothing", async () => {
    const { blob, diffId } = zeros(400);
    const controller = new AbortController();
    const target = lab.newPath();
    const request = { blob: lab.writeBlob(blob), diffId, target };
    const unpacking = createLayerUnpacker(lab.environment).unpack(
      request,
      () => controller.abort(new BerthError("interrupted", "the user said so")),
      controller.signal,
    );
    expect(await unpacking.catch((error) => error)).toMatchObject({
      code: "interrupted",
      message: "the user said so",
    });
    expect(existsSync(target)).toBe(false);
  });

  test("is not even started when the signal came before", async () => {
    const signal = AbortSignal.abort("too late");
    const outcome = await lab.unpackBlob("/nowhere", diffIdOf(Buffer.alloc(0)), { signal });
    expect(outcome).toMatchObject({ code: "interrupted" });
  });

  test("leaves only its target when it is killed", async () => {
    const target = lab.newPath();
    const fifo = lab.newPath("fifo");
    Bun.spawnSync(["mkfifo", fifo]);
    const killer =
      'target=$1; shift; { until [ -e "$target" ]; do sleep 0.01; done; kill -9 $$; } & exec "$@"';
    await using writer = Bun.spawn(["sh", "-c", 'exec 3>"$1"; exec sleep 60', "sh", fifo]);
    const request = { blob: fifo, diffId: diffIdOf(tarEnd), target };
    const working = runWorker(startedBy(killer, target), { kind: "unpack", ...request });
    expect(await working.catch((reason) => reason)).toMatchObject({ code: "helper-failed" });
    writer.kill("SIGKILL");
    expect(readdirSync(join(lab.path, "store")).sort()).toEqual(["fifo-1", "target-0"]);
  });

  test("a full disk is no-space, and there is room again after", async () => {
    const store = join(lab.path, "store");
    const environment = startedBy('mount -t tmpfs -o size=2m tmpfs "$1" && shift && exec "$@"', store);
    const { blob, diffId } = zeros(8);
    const path = join(lab.path, "blob");
    writeFileSync(path, blob);
    const request = { blob: path, diffId, target: join(store, "target") };
    const error = await createLayerUnpacker(environment)
      .unpack(request)
      .catch((reason) => reason);
    expect(error).toMatchObject({ code: "no-space" });
    expect(error.message).toContain('"zeros": no space left on device');
  });

  test("a read-only store is told as such", async () => {
    const store = join(lab.path, "store");
    const environment = startedBy('mount -t tmpfs -o ro tmpfs "$1" && shift && exec "$@"', store);
    const path = join(lab.path, "blob");
    writeFileSync(path, tarEnd);
    const request = {
      blob: path,
      diffId: diffIdOf(tarEnd),
      target: join(store, "x"),
    };
    expect(
      await createLayerUnpacker(environment)
        .unpack(request)
        .catch((reason) => reason),
    ).toMatchObject({
      code: "read-only",
    });
  });

  test("that cannot start is told with the program and its words", async () => {
    const environment = startedBy("echo no luck >&2; exit 3");
    const error = await runWorker(environment, { kind: "remove", path: "/nowhere/at/all" }).catch(
      (reason) => reason,
    );
    expect(error).toMatchObject({ code: "helper-failed" });
    expect(error.message).toContain("status 3: no luck");
  });

  test("removes trees of other owners and of mode 0, and follows no link out of them", async () => {
    const tree = lab.newPath("tree");
    await lab.asRoot(
      "sh",
      "-c",
      `mkdir -p "$1/a/b" "$1/closed/inner" && echo x > "$1/a/b/file" && echo x > "$1/closed/inner/file"
       ln -s "$2" "$1/a/link" && ln -s "$2" "$1/closed/link"
       [ "$3" = single ] || chown -R 33:33 "$1/a" "$1/closed"
       chmod 000 "$1/closed/inner" "$1/closed"; chmod 555 "$1/a/b"`,
      "sh",
      tree,
      join(lab.path, "victim"),
      identity.mode,
    );
    await removeSnapshotTree(lab.environment, tree);
    expect(existsSync(tree)).toBe(false);
    expect(lab.outside().canary).toBe("alive");
    await removeSnapshotTree(lab.environment, tree);
  });

  test("does not remove what a link names, but the link", async () => {
    const link = lab.newPath("link");
    Bun.spawnSync(["ln", "-s", join(lab.path, "victim"), link]);
    await removeSnapshotTree(lab.environment, link);
    expect(existsSync(link)).toBe(false);
    expect(lab.outside().canary).toBe("alive");
  });

  test("does not remove what is mounted in a tree", async () => {
    const tree = lab.newPath("tree");
    mkdirSync(join(tree, "mounted"), { recursive: true });
    const environment = startedBy(
      'mount --bind "$1" "$2" && shift 2 && exec "$@"',
      join(lab.path, "victim"),
      join(tree, "mounted"),
    );
    const error = await runWorker(environment, { kind: "remove", path: tree }).catch((reason) => reason);
    expect(error).toMatchObject({ code: "conflict" });
    expect(error.message).toContain("something is mounted there");
    expect(lab.outside().canary).toBe("alive");
  });

  test("sees nothing but its target while it reads the layer", async () => {
    const target = lab.newPath();
    const fifo = lab.newPath("fifo");
    Bun.spawnSync(["mkfifo", fifo]);
    // The worker waits in the middle of the archive, which comes through the FIFO; then its root is looked at.
    const tar = tarArchive(tarEntry({ name: "first" }, "x".repeat(1000)), tarEntry({ name: "second" }, "y"));
    const script = `exec 3>"$1"; head -c 2048 "$2" >&3
      until [ -e "$3/first" ]; do sleep 0.01; done
      for p in /proc/[0-9]*; do [ "$(readlink $p/root 2>/dev/null)" = "$3" ] && echo confined; done
      tail -c +2049 "$2" >&3`;
    const source = lab.writeBlob(tar);
    const watcher = Bun.spawn(["sh", "-c", script, "sh", fifo, source, target], { stdout: "pipe" });
    expectUnpackedAt(target, await lab.unpackAt(target, fifo, diffIdOf(tar)));
    expect(await new Response(watcher.stdout).text()).toContain("confined");
  });
});

function expectUnpackedAt(target: string, outcome: Awaited<ReturnType<UnpackLab["unpackBlob"]>>): void {
  expect(expectUnpacked(outcome).target).toBe(target);
}
