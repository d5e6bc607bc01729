import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HelperManifest } from "../../src/sys/embedded.ts";
import { encodeHelperBundle } from "../../src/sys/helper-bundle.ts";
import type { HelperPrograms } from "./helper-programs.ts";

/** Writes a file so that whoever reads it finds the old or the new content, never half. */
export function publish(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

/**
 * Writes `helpers.bundle` and its manifest `helpers.json` to `directory`, unless they hold these very files already.
 * The same inputs give the same bytes.
 */
export function writeHelperBundle(programs: HelperPrograms, directory: string): HelperManifest {
  const entries = programs.files.map((file) => ({ name: file.name, content: readFileSync(file.source) }));
  const hash = createHash("sha256").update(`bundle format 1, ${Bun.version}\n`);
  for (const { name, content } of entries) hash.update(`${name} ${content.length}\n`).update(content);
  const inputs = hash.digest("hex");

  const manifestPath = join(directory, "helpers.json");
  const bundlePath = join(directory, "helpers.bundle");
  if (existsSync(manifestPath) && existsSync(bundlePath)) {
    const present = JSON.parse(readFileSync(manifestPath, "utf8")) as { inputs?: string } & HelperManifest;
    if (present.inputs === inputs) return present;
  }
  mkdirSync(directory, { recursive: true });
  const bundle = encodeHelperBundle(entries);
  const manifest: HelperManifest = {
    digest: createHash("sha256").update(bundle).digest("hex"),
    loader: programs.loader,
    programs: programs.programs,
  };
  publish(bundlePath, bundle);
  publish(manifestPath, `${JSON.stringify({ ...manifest, inputs }, null, 2)}\n`);
  return manifest;
}
