import { S } from "../../sys/kernel-numbers.ts";
import { DirectoryStack, type Found, isDirectory } from "../../snapshot/directory-stack.ts";
import { type ByteString, displayName } from "../../sys/byte-string.ts";
import type { FileSyscalls } from "../../sys/file-syscalls.ts";
import { BerthError } from "../../base/errors.ts";

/** As many links as the kernel follows in one path (path_resolution(7)). */
const mostLinks = 40;

/** Where a path of a tree leads, all links followed inside the tree. Disposal closes what it opened. */
export interface TreePlace extends Disposable {
  /** Without links. */
  readonly path: readonly ByteString[];
  /** Undefined where nothing is. */
  readonly found: Found | undefined;
  /** The directory that it is; empty where it is none. */
  readonly stack: DirectoryStack;
}

/** A tree of layers that are open, highest first; nothing of it ever leads out of it. */
export class Tree {
  readonly calls: FileSyscalls;
  readonly root: DirectoryStack;

  constructor(calls: FileSyscalls, layers: readonly number[]) {
    this.calls = calls;
    this.root = DirectoryStack.ofRoots(calls, layers);
  }

  /** Opens one part after the other, so that whoever exchanges a name meanwhile gets no link followed. */
  resolve(path: ByteString): TreePlace {
    using opened = new DisposableStack();
    const pending = partsOf(path);
    const names: ByteString[] = [];
    const stacks: DirectoryStack[] = [];
    const here = () => stacks.at(-1) ?? this.root;
    let links = 0;
    for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
      if (part === "..") {
        names.pop();
        stacks.pop();
        continue;
      }
      const found = here().find(part);
      if (found !== undefined && (found.status.mode & S.IFMT) === S.IFLNK) {
        if (++links > mostLinks)
          throw new BerthError(
            "invalid-argument",
            `too many levels of symbolic links: /${displayName(path)}`,
          );
        const target = this.#link(found, part);
        if (target.startsWith("/")) names.length = stacks.length = 0;
        pending.unshift(...partsOf(target));
        continue;
      }
      names.push(part);
      if (found !== undefined && isDirectory(found.status)) {
        stacks.push(opened.use(here().child(part)));
        continue;
      }
      const rest = pending.filter((name) => name !== "..");
      if (found !== undefined && rest.length > 0)
        throw new BerthError("invalid-argument", `not a directory: /${displayName(names.join("/"))}`);
      return this.#place([...names, ...rest], found, undefined, opened.move());
    }
    const [top] = [here().top];
    const status = top === undefined ? undefined : this.calls.status(top, "");
    const found = top === undefined || typeof status !== "object" ? undefined : { directory: top, status };
    return this.#place(names, found, here(), opened.move());
  }

  #link({ directory }: Found, name: ByteString): ByteString {
    const target = this.calls.readLink(directory, name);
    if (typeof target === "number")
      throw new BerthError("invalid-argument", `cannot read the link ${displayName(name)}`);
    return target;
  }

  #place(
    path: readonly ByteString[],
    found: Found | undefined,
    stack: DirectoryStack | undefined,
    opened: DisposableStack,
  ): TreePlace {
    return {
      path,
      found,
      stack: stack ?? DirectoryStack.ofRoots(this.calls, []),
      [Symbol.dispose]: () => opened.dispose(),
    };
  }
}

function partsOf(path: ByteString): ByteString[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
