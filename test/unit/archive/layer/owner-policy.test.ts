import { expect, test } from "bun:test";
import { ownerPolicyFrom, parseOverride, storedOwner } from "../../../../src/archive/layer/owner-policy.ts";

const subordinate = ownerPolicyFrom(
  "         0       1001          1\n         1     100000      65536\n",
  "0 1001 1\n1 100000 65536\n",
);
const single = ownerPolicyFrom("0 1001 1\n", "0 1001 1\n");

test("an id inside the map is given as it is", () => {
  expect(storedOwner(subordinate, 33, 65536, 0o644)).toEqual({ uid: 33, gid: 65536, outsideMap: false });
  expect(storedOwner(single, 0, 0, 0o644)).toEqual({ uid: 0, gid: 0, outsideMap: false });
});

test("an id outside the map becomes root, is remembered, and is told only where there is a map", () => {
  const far = { uid: 0, gid: 5, override: "65537:5:04755", outsideMap: true };
  expect(storedOwner(subordinate, 65537, 5, 0o4755)).toEqual(far);
  const other = { uid: 0, gid: 0, override: "33:33:0600", outsideMap: false };
  expect(storedOwner(single, 33, 33, 0o600)).toEqual(other);
});

test("owner and mode are read back from an override, with and without a type", () => {
  expect(parseOverride("33:34:0555")).toEqual({ uid: 33, gid: 34, mode: 0o555 });
  expect(parseOverride("0:0:104755")).toEqual({ uid: 0, gid: 0, mode: 0o4755 });
  expect(parseOverride("0:0:0644:symlink")).toEqual({ uid: 0, gid: 0, mode: 0o644 });
  for (const value of ["", "0:0", "0:0:9", "x:0:0644"]) expect(parseOverride(value)).toBeUndefined();
});
