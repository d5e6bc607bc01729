import { expect, test } from "bun:test";
import { keptIdentity, keptIds, storedIds } from "../../../src/engine/kept-identity.ts";

const map = [
  { inside: 0, outside: 1001, count: 1 },
  { inside: 1, outside: 100000, count: 1000 },
  { inside: 1001, outside: 500000, count: 10 },
];
const identity = { mode: "subordinate", uids: map, gids: map } as const;

test("the caller is put between the subordinate ids, which keep their order", () => {
  expect(keptIdentity(identity, { uid: 1001, gid: 5 })).toEqual({
    mode: "subordinate",
    uids: [
      { inside: 0, outside: 100000, count: 1000 },
      { inside: 1000, outside: 500000, count: 1 },
      { inside: 1001, outside: 1001, count: 1 },
      { inside: 1002, outside: 500001, count: 9 },
    ],
    gids: [
      { inside: 0, outside: 100000, count: 5 },
      { inside: 5, outside: 1001, count: 1 },
      { inside: 6, outside: 100005, count: 995 },
      { inside: 1001, outside: 500000, count: 10 },
    ],
  });
  expect(keptIdentity(identity, { uid: 0, gid: 9999 })).toMatchObject({
    uids: [
      { inside: 0, outside: 1001, count: 1 },
      { inside: 1, outside: 100000, count: 1000 },
      { inside: 1001, outside: 500000, count: 10 },
    ],
    gids: [
      { inside: 0, outside: 100000, count: 1000 },
      { inside: 1000, outside: 500000, count: 10 },
      { inside: 9999, outside: 1001, count: 1 },
    ],
  });
});

test("what is stored is shown as it is stored", () => {
  const kept = { uid: 1003, gid: 5 };
  const { gids } = storedIds(identity, kept);
  const inside = keptIdentity(identity, kept).gids;
  for (const stored of [0, 1, 4, 5, 6, 7, 1000, 1010]) {
    const range = map.findLast((each) => each.inside <= stored)!;
    const outside = range.outside + stored - range.inside;
    const seenIn = inside.find((each) => outside >= each.outside && outside < each.outside + each.count)!;
    const seen = seenIn.inside + outside - seenIn.outside;
    const shown = gids.find((each) => seen >= each.seen && seen < each.seen + each.count)!;
    expect([stored, shown.shown + seen - shown.seen]).toEqual([stored, stored]);
  }
});

test("ids are the own ones unless others are named", () => {
  expect(keptIds({})).toBeUndefined();
  expect(keptIds({ userns: "host" })).toBeUndefined();
  expect(keptIds({ userns: "keep-id" })).toEqual({ uid: process.getuid!(), gid: process.getgid!() });
  expect(keptIds({ userns: "keep-id:uid=5,gid=6" })).toEqual({ uid: 5, gid: 6 });
  expect(keptIds({ userns: "keep-id:gid=6" })).toEqual({ uid: process.getuid!(), gid: 6 });
});

test("one id cannot be two", () => {
  const single = { mode: "single", reason: "no newuidmap", uids: [], gids: [] } as const;
  expect(() => keptIdentity(single, { uid: 1, gid: 1 })).toThrow("needs subordinate ids: no newuidmap");
});
