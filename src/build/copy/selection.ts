import { pathMatcher } from "../../base/path-match.ts";
import { BerthError } from "../../base/errors.ts";
import { type DirectoryStack, type Found, isDirectory } from "../../snapshot/directory-stack.ts";
import { type ByteString, displayName, toByteString } from "../../sys/byte-string.ts";
import { cleanPath } from "../ignore/clean-path.ts";
import { PatternList } from "../ignore/pattern-list.ts";
import type { TreeItem } from "./protocol.ts";
import type { Tree, TreePlace } from "./tree-path.ts";

/** Something that a source path means. */
export interface Selected {
  /** As it was asked for, wildcards filled in: what it is called in a directory. */
  readonly name: ByteString;
  readonly place: TreePlace;
}

/** A file or directory below a selected one. */
export interface Inside {
  readonly name: ByteString;
  readonly found: Found;
  /** Of a directory. */
  readonly stack: DirectoryStack | undefined;
}

const text = (bytes: ByteString) => Buffer.from(bytes, "latin1").toString("utf8");
const hasWildcards = (part: string) => /[*?[]/.test(part.replace(/\\./g, ""));

/** Chooses what an item means in a tree, by its path, `.dockerignore`, `--exclude` and `--parents`. */
export class Selection {
  readonly #tree: Tree;
  readonly #item: TreeItem;
  readonly #ignore: PatternList;
  readonly #exclude: PatternList;
  /** What does not come for `--parents`. */
  readonly #others: PatternList;

  constructor(tree: Tree, item: TreeItem) {
    this.#tree = tree;
    this.#item = item;
    this.#ignore = new PatternList(item.ignore);
    this.#exclude = new PatternList(item.exclude);
    this.#others = new PatternList(item.include === undefined ? [] : ["**", `!${item.include}`]);
  }

  /** Throws `not-found` for a path without wildcards that is not there, or ignored. */
  *select(): Generator<Selected> {
    const { path, include = "" } = this.#item;
    const parts = cleanPath(`/${path}`)
      .split("/")
      .filter((part) => part !== "");
    const wild = parts.findIndex(hasWildcards);
    const literal = literalParts(wild === -1 ? parts : parts.slice(0, wild));
    using place = this.#tree.resolve(literal.join("/"));
    if (wild === -1) {
      const required = hasWildcards(include) ? [] : literalParts([include]);
      using needed = this.#tree.resolve([...literal, ...required].join("/"));
      // Whoever exchanges names meanwhile can let one be there and not the other.
      const found = place.found && needed.found;
      if (found === undefined || this.#isHidden(needed.path, isDirectory(found.status)))
        throw new BerthError("not-found", `${JSON.stringify(cleanPath(`/${path}/${include}`))}: not found`);
      const name = literal.at(-1) ?? "";
      if (name === "" || !this.#excludesItself(name)) yield { name, place };
      return;
    }
    const matches = pathMatcher(parts.slice(wild).join("/"));
    const depth = parts.length - wild;
    for (const names of this.#matching(place.stack, place.path, [], matches, depth)) {
      const name = names.at(-1)!;
      if (this.#excludesItself(name)) continue;
      using found = this.#tree.resolve([...place.path, ...names].join("/"));
      if (found.found !== undefined) yield { name, place: found };
    }
  }

  /**
   * What is in a directory and not left out. `path` is where it is in the tree, `below` where it is in what was
   * selected. A directory that is left out but for something in it comes with just that.
   */
  *inside(
    stack: DirectoryStack,
    path: readonly ByteString[],
    below: readonly ByteString[],
  ): Generator<Inside> {
    for (const name of stack.names()) {
      const found = stack.find(name);
      if (found === undefined) continue;
      const directory = isDirectory(found.status);
      if (this.#isHidden([...path, name], directory, [...below, name])) continue;
      if (this.#excludes([...below, name])) continue;
      using inner = directory ? stack.child(name) : undefined;
      if (inner !== undefined && !this.#holdsAnything(inner, [...path, name], [...below, name])) continue;
      yield { name, found, stack: inner };
    }
  }

  *#matching(
    stack: DirectoryStack,
    path: readonly ByteString[],
    names: readonly ByteString[],
    matches: (path: string) => boolean,
    depth: number,
  ): Generator<readonly ByteString[]> {
    for (const name of stack.names()) {
      const found = stack.find(name);
      if (found === undefined || this.#isHidden([...path, name], isDirectory(found.status))) continue;
      const here = [...names, name];
      if (matches(text(here.join("/")))) yield here;
      else if (here.length < depth && isDirectory(found.status)) {
        using inner = stack.child(name);
        yield* this.#matching(inner, [...path, name], here, matches, depth);
      }
    }
  }

  /** By `.dockerignore`, which goes by the path in the tree, or because it is not what `--parents` is about. */
  #isHidden(path: readonly ByteString[], directory: boolean, below: readonly ByteString[] = []): boolean {
    return hides(this.#ignore, path, directory) || hides(this.#others, below, directory);
  }

  /** Whether a directory that is not hidden comes: by itself, or because of something in it. */
  #holdsAnything(stack: DirectoryStack, path: readonly ByteString[], below: readonly ByteString[]): boolean {
    if (!leavesOut(this.#ignore, path) && !leavesOut(this.#others, below)) return true;
    return stack.names().some((name) => {
      const found = stack.find(name);
      if (found === undefined) return false;
      const [here, inside] = [
        [...path, name],
        [...below, name],
      ];
      const directory = isDirectory(found.status);
      if (this.#isHidden(here, directory, inside)) return false;
      if (!directory) return true;
      using inner = stack.child(name);
      return this.#holdsAnything(inner, here, inside);
    });
  }

  /** With `--parents`, `--exclude` is about what is in it. */
  #excludesItself(name: ByteString): boolean {
    return this.#item.include === undefined && this.#excludes([name]);
  }

  #excludes(below: readonly ByteString[]): boolean {
    return !this.#exclude.isEmpty && this.#exclude.ignores(text(below.join("/")));
  }
}

function leavesOut(list: PatternList, path: readonly ByteString[]): boolean {
  return !list.isEmpty && path.length > 0 && list.ignores(text(path.join("/")));
}

/** Whether nothing of it can come: a directory may be left out but for something in it. */
function hides(list: PatternList, path: readonly ByteString[], directory: boolean): boolean {
  return leavesOut(list, path) && !(directory && list.mayReturnBelow(text(path.join("/"))));
}

function literalParts(parts: readonly string[]): ByteString[] {
  return parts.map((part) => toByteString(part.replace(/\\(.)/g, "$1")));
}

/** For messages. */
export function shownPath(path: readonly ByteString[]): string {
  return `/${displayName(path.join("/"))}`;
}
