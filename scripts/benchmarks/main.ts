import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { openEngines } from "./engines.ts";
import { type BenchmarkImage, benchmarkImage } from "./image.ts";
import { pushLayout, type Registry, startRegistry } from "./registry.ts";
import { report, table } from "./report.ts";
import type { Figure, LargeImage } from "./figures.ts";
import { rows, warmUp } from "./rows.ts";

/**
 * bun main.ts BERTH IMAGE-ARCHIVE [ROW…]: measures, and prints Markdown: the whole page, or the table alone when rows
 * were chosen. `BERTH_BENCH_ROUNDS` (default 15) is how often each pair runs.
 */
const [berthExecutable, imageArchive, ...chosen] = process.argv.slice(2);
if (berthExecutable === undefined || imageArchive === undefined)
  throw new Error("usage: main.ts BERTH IMAGE-ARCHIVE [ROW…]");
const unknown = chosen.filter((name) => !(name in rows));
if (unknown.length > 0) {
  console.error(`bench: no row is called ${unknown.join(", ")}; there are ${Object.keys(rows).join(", ")}`);
  process.exit(2);
}

const cache = join(process.env.XDG_CACHE_HOME || join(process.env.HOME ?? "/tmp", ".cache"), "berth-bench");
mkdirSync(cache, { recursive: true });
const directory = mkdtempSync(join(cache, "stores."));
const { berth, podman, buildah, runtime } = openEngines(directory, berthExecutable);
const [loadBefore = 0] = loadavg();
const rounds = Number(process.env.BERTH_BENCH_ROUNDS || 15);
let registry: Registry | undefined;
let image: BenchmarkImage | undefined;

async function largeImage(): Promise<LargeImage> {
  if (image === undefined) console.error("bench: the large image, made now unless it is cached");
  image ??= await benchmarkImage(cache);
  const storage = join(cache, "registry");
  registry ??= await startRegistry(storage);
  const name = pushLayout(image.layout, registry, "bench/debian", storage);
  return { name, layout: image.layout };
}

function compileHello(): string {
  const source = join(directory, "hello.ts");
  const hello = join(directory, "hello");
  writeFileSync(source, 'console.log("hello");\n');
  const built = Bun.spawnSync(
    [
      process.execPath,
      "build",
      "--compile",
      "--bytecode",
      "--minify",
      "--format=esm",
      source,
      "--outfile",
      hello,
    ],
    { cwd: directory },
  );
  if (!built.success || !existsSync(hello))
    throw new Error(`cannot compile hello: ${built.stderr.toString()}`);
  return hello;
}

const smallImage = "builtin.berth/busybox:latest";
try {
  podman.run(["load", "-i", imageArchive]);
  const bench = {
    berth,
    podman,
    buildah,
    hello: compileHello(),
    largeImage,
    smallImage,
    rounds,
    directory,
    imageArchive,
  };
  await warmUp(bench);
  const figures: Figure[] = [];
  for (const name of chosen.length > 0 ? chosen : Object.keys(rows)) {
    console.error(`bench: ${name}`);
    figures.push(...(await rows[name]!(bench)));
  }
  console.log(
    chosen.length > 0
      ? table(figures)
      : report(figures, { berth, podman, directory, rounds, image, loadBefore }),
  );
} finally {
  await registry?.[Symbol.asyncDispose]();
  // Files of subordinate ids can only be removed from inside a user namespace.
  Bun.spawnSync(["podman", "system", "reset", "-f"], { env: { ...podman.env } });
  Bun.spawnSync(["podman", "unshare", "rm", "-rf", directory, runtime], { env: { ...podman.env } });
  for (const path of [directory, runtime]) rmSync(path, { recursive: true, force: true });
}
