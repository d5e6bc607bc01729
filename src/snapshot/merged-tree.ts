import { fileSystemError } from "../archive/layer/file-system-error.ts";
import type { ByteString } from "../sys/byte-string.ts";
import type { FileSyscalls } from "../sys/file-syscalls.ts";
import { DirectoryStack, isDirectory } from "./directory-stack.ts";
import type { TreeEntry } from "./tree-entry.ts";

/** Everything in layers (open directories, highest first) as an overlay mount of them would show it. */
export function* mergedTree(calls: FileSyscalls, layers: readonly number[]): Generator<TreeEntry> {
  const [top] = layers;
  if (top === undefined) return;
  const status = calls.status(top, "");
  if (typeof status === "number") throw fileSystemError("read the status of", ".", status);
  yield { path: [], directory: top, name: ".", status };
  yield* inside(DirectoryStack.ofRoots(calls, layers), []);
}

function* inside(stack: DirectoryStack, path: readonly ByteString[]): Generator<TreeEntry> {
  for (const name of stack.names()) {
    const found = stack.find(name);
    if (found === undefined) continue; // removed since
    const entry = { path: [...path, name], name, ...found };
    yield entry;
    if (!isDirectory(found.status)) continue;
    using inner = stack.child(name);
    yield* inside(inner, entry.path);
  }
}
