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
  /** As it was asked for, wildcards filled in; the last name is the one that it gets in a directory. */
  readonly name: ByteString;
  readonly place: TreePlace;
  /** With `--parents`: the directories between the pivot and it, as they are named there. */
  readonly parents: readonly ByteString[];
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

/** Chooses what an item means in a tree, by its path, `.dockerignore` and `--exclude`. */
export class Selection {
  readonly #tree: Tree;
  readonly #item: TreeItem;
  readonly #ignore: PatternList;
  readonly #exclude: PatternList;

  constructor(tree: Tree, item: TreeItem) {
    this.#tree = tree;
    this.#item = item;
    this.#ignore = new PatternList(item.ignore);
    this.#exclude = new PatternList(item.exclude);
  }

  /** Throws `not-found` for a path without wildcards that is not there, or ignored. */
  *select(parents: boolean): Generator<Selected> {
    const { path } = this.#item;
    const pivot = parents ? path.indexOf("/./") : -1;
    const start = pivot === -1 ? "" : cleanPath(`/${path.slice(0, pivot)}`);
    const rest = cleanPath(`/${pivot === -1 ? path : path.slice(pivot + 2)}`)
      .split("/")
      .filter((part) => part !== "");
    const wild = rest.findIndex(hasWildcards);
    const plain = wild === -1 ? rest : rest.slice(0, wild);
    const named = (names: readonly ByteString[]): Pick<Selected, "name" | "parents"> => ({
      name: names.at(-1) ?? "",
      parents: parents ? names.slice(0, -1) : [],
    });
    const literal = plain.map((part) => part.replace(/\\(.)/g, "$1")).map(toByteString);
    const place = this.#tree.resolve([toByteString(start), ...literal].join("/"));
    if (wild === -1) {
      using _ = place;
      if (place.found === undefined || this.#isHidden(place.path, isDirectory(place.found.status)))
        throw new BerthError("not-found", `${JSON.stringify(cleanPath(`/${path}`))}: not found`);
      if (this.#exclude.isEmpty || literal.length === 0 || !this.#excludes([literal.at(-1)!]))
        yield { ...named(literal), place };
      return;
    }
    using _ = place;
    const matches = pathMatcher(rest.slice(wild).join("/"));
    const depth = rest.length - wild;
    for (const names of this.#matching(place.stack, place.path, [], matches, depth)) {
      if (this.#excludes([names.at(-1)!])) continue;
      using found = this.#tree.resolve([...place.path, ...names].join("/"));
      if (found.found !== undefined) yield { ...named([...literal, ...names]), place: found };
    }
  }

  /**
   * What is in a directory and not left out. `path` is where it is in the tree, `below` where it is in what was
   * selected. A directory that is ignored but for something in it comes with just that.
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
      if (this.#isHidden([...path, name], directory)) continue;
      if (this.#excludes([...below, name])) continue;
      using inner = directory ? stack.child(name) : undefined;
      if (inner !== undefined && this.#ignore.ignores(text([...path, name].join("/"))))
        if (!this.#holdsAnything(inner, [...path, name])) continue;
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

  #isHidden(path: readonly ByteString[], directory: boolean): boolean {
    if (this.#ignore.isEmpty || path.length === 0) return false;
    const name = text(path.join("/"));
    return this.#ignore.ignores(name) && !(directory && this.#ignore.mayReturnBelow(name));
  }

  #holdsAnything(stack: DirectoryStack, path: readonly ByteString[]): boolean {
    return stack.names().some((name) => {
      const found = stack.find(name);
      if (found === undefined) return false;
      const here = [...path, name];
      if (!this.#ignore.ignores(text(here.join("/")))) return true;
      if (!isDirectory(found.status) || this.#isHidden(here, true)) return false;
      using inner = stack.child(name);
      return this.#holdsAnything(inner, here);
    });
  }

  #excludes(below: readonly ByteString[]): boolean {
    return !this.#exclude.isEmpty && this.#exclude.ignores(text(below.join("/")));
  }
}

/** For messages. */
export function shownPath(path: readonly ByteString[]): string {
  return `/${displayName(path.join("/"))}`;
}
