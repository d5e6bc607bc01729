import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const directory = join(import.meta.dir, "../../../shared/cases");

/** The text of a file of shared cases, or undefined where the checkout stands alone. */
export function sharedCases(name: string): string | undefined {
  const path = join(directory, name);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
