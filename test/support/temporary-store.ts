import { rmSync } from "node:fs";
import { join } from "node:path";
import { Store } from "../../src/store/store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface TemporaryStore extends Disposable {
  readonly store: Store;
  /** The data directory; it does not exist before the first write. */
  readonly directory: string;
  /** Another connection, as another process would have. */
  reopen(mode?: "read-write" | "read-only"): Store;
}

/** A store in a directory of its own, gone with the test. */
export function temporaryStore(): TemporaryStore {
  const parent = temporaryDirectory();
  const directory = join(parent.path, "berth");
  const opened: Store[] = [];
  const reopen = (mode: "read-write" | "read-only" = "read-write") => {
    const store = Store.open(directory, { mode });
    opened.push(store);
    return store;
  };
  return {
    store: reopen(),
    directory,
    reopen,
    [Symbol.dispose]() {
      for (const store of opened) store.close();
      parent[Symbol.dispose]();
    },
  };
}

/** Removes a tree of the caller's own files. */
export async function removeTree(path: string): Promise<void> {
  rmSync(path, { recursive: true, force: true });
}
