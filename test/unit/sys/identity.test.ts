import { expect, test } from "bun:test";
import { parseSubordinateIds, userNameOf } from "../../../src/sys/identity.ts";

test("ranges are found by name and by uid, in the order of the file", () => {
  const text = "root:1:2\nalice:100000:65536\n1001:300000:10\nbob:5:5\nalice:500000:1\n";
  expect(parseSubordinateIds(text, "alice", 1001)).toEqual([
    { start: 100000, count: 65536 },
    { start: 300000, count: 10 },
    { start: 500000, count: 1 },
  ]);
});

test("malformed and empty ranges are no ranges", () => {
  const text = "alice:x:1\nalice:1\nalice:1:0\nalice:1:2:3\n# alice:1:2\nalice:-1:5\n";
  expect(parseSubordinateIds(text, "alice", 1001)).toEqual([]);
});

test("an account is found by its uid, whatever the environment says", () => {
  const passwd = "root:x:0:0::/root:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\n";
  expect(userNameOf(1001, passwd)).toBe("alice");
  expect(userNameOf(0, "")).toBe("root");
  expect(userNameOf(3_999_999_999, passwd)).toBeUndefined();
});
