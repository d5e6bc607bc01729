import { expect, test } from "bun:test";
import { posix } from "node:path";
import { basename, dirname, join, normalize, resolve } from "../../../src/base/posix-path.ts";

const names = ["", ".", "..", "a", ".b", "...", "ä c"];
/** Every path of up to four of the names, relative and absolute, with and without a slash at the end. */
const paths = names
  .flatMap((one) => names.map((two) => `${one}/${two}`))
  .flatMap((start, _, all) => [start, ...all.map((end) => `${start}/${end}`)])
  .concat(names, ["/", "//", "///a//", "/a/b/c/../../../../d"]);

test("paths are normalized as node:path does it", () => {
  for (const path of paths) expect([path, normalize(path)]).toEqual([path, posix.normalize(path)]);
});

test("paths are joined and resolved as node:path does it", () => {
  for (const path of paths) {
    for (const parts of [[path], ["/x/y", path], ["x", path, "z"], [path, "/z"], ["", path, ""]]) {
      expect([...parts, join(...parts)]).toEqual([...parts, posix.join(...parts)]);
      expect([...parts, resolve(...parts)]).toEqual([...parts, posix.resolve(...parts)]);
    }
  }
  expect(join()).toBe(".");
  expect(resolve()).toBe(process.cwd());
});

test("directories and names are those of node:path", () => {
  for (const path of paths) {
    expect([path, basename(path)]).toEqual([path, posix.basename(path)]);
    // POSIX lets an implementation give two slashes at the beginning a meaning of their own; Linux gives them none.
    const one = (directory: string) => directory.replace(/^\/\/$/, "/");
    expect([path, one(dirname(path))]).toEqual([path, one(posix.dirname(path))]);
  }
});
