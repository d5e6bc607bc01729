import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { writeBuiltinImage } from "./builtin-image.ts";
import { compile } from "./compile.ts";
import { writeHelperBundle } from "./helper-bundle.ts";
import { findHelperPrograms, findProgram } from "./helper-programs.ts";
import { writeLicenses } from "./licenses.ts";

/** Builds dist/berth. `BERTH_HELPERS_PREFIX`: where scripts/setup unpacked packages that are not installed. */
const root = join(import.meta.dir, "../..");
const assets = join(root, "dist/assets");
const prefix = process.env.BERTH_HELPERS_PREFIX || undefined;
mkdirSync(assets, { recursive: true });

const programs = findHelperPrograms(prefix);
const helpers = writeHelperBundle(programs, assets);
const image = await writeBuiltinImage(findProgram("busybox", prefix), assets);
await writeLicenses({ root, programs, prefix, directory: assets });

/** The commit of the sources; undefined without git, and in a copy of the sources that is no repository. */
function currentCommit(): string | undefined {
  if (Bun.which("git") === null) return undefined;
  const git = Bun.spawnSync(["git", "-C", root, "rev-parse", "HEAD"], { stderr: "ignore" });
  return git.success ? git.stdout.toString().trim() : undefined;
}

const epoch = process.env.SOURCE_DATE_EPOCH;
const outfile = join(root, "dist/berth");
await compile({
  root,
  assets,
  outfile: `${outfile}.new`,
  helpers,
  image,
  commit: currentCommit(),
  date: epoch ? new Date(Number(epoch) * 1000).toISOString() : undefined,
});
renameSync(`${outfile}.new`, outfile);
console.log(outfile);
