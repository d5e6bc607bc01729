import { mkdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Home directories, each with a store of its own, below a directory. They hold files of subordinate ids: only berth can
 * empty those in `roots`.
 */
export function storeRoots({ path }: { readonly path: string }): {
  readonly roots: readonly string[];
  newRoot(): string;
} {
  const roots: string[] = [];
  return {
    roots,
    newRoot() {
      const root = join(path, `root${roots.length}`);
      mkdirSync(root);
      roots.push(root);
      return root;
    },
  };
}
