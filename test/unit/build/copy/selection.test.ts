import { expect, test } from "bun:test";
import type { TreeItem } from "../../../../src/build/copy/protocol.ts";
import { Selection } from "../../../../src/build/copy/selection.ts";
import type { Tree, TreePlace } from "../../../../src/build/copy/tree-path.ts";

test("a source that is there at one look and not at the other is not found", () => {
  const item = { path: "a", ignore: [], exclude: [] } as unknown as TreeItem;
  const there = { directory: 3, status: { mode: 0o100644 } };
  for (const looks of [
    [undefined, there],
    [there, undefined],
  ]) {
    const rest = [...looks];
    const resolve = () =>
      ({ path: ["a"], found: rest.shift(), [Symbol.dispose]() {} }) as unknown as TreePlace;
    const selection = new Selection({ resolve } as unknown as Tree, item);
    expect(() => [...selection.select()]).toThrow('"/a": not found');
    expect(rest).toEqual([]);
  }
});
