import { posix } from "node:path";
import type { PatternList } from "../ignore/pattern-list.ts";
import type { Lines } from "../dockerfile-error.ts";
import type { CopyStep } from "../plan/types.ts";
import type { Linter } from "./linter.ts";

/** Files of the build context that COPY and ADD name, and .dockerignore hides. Exceptions (`!`) make it too hard to tell. */
export function lintCopy(
  { from, sources }: CopyStep,
  command: "Copy" | "Add",
  { ignore, lines, linter }: { readonly ignore: PatternList; readonly lines: Lines; readonly linter: Linter },
): void {
  if (from.kind !== "context" || ignore.hasExceptions) return;
  for (const source of sources) {
    if (source.kind !== "path") continue;
    const path = posix.normalize(source.path).replace(/(.)\/$/, "$1");
    const isRoot = path === "." || path === "/";
    if (isRoot ? ignore.ignoresAll : ignore.ignores(path))
      linter.warn("CopyIgnoredFile", lines, command, path);
  }
}
