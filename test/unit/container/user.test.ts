import { describe, expect, test } from "bun:test";
import { resolveUser } from "../../../src/container/user.ts";

const passwd =
  "root:x:0:0:root:/root:/bin/sh\nwww:x:33:44::/var/www:/bin/false\nbroken\n1000:x:7:7::/seven:\n";
const group = "root:x:0:\nweb:x:44:\nadm:x:4:root,www\nlog:x:5:www\n";
const resolve = (user: string) => resolveUser(user, passwd, group);

describe("the user of a container", () => {
  test("is root when nothing is said", () => {
    expect(resolve("")).toEqual({ uid: 0, gid: 0, groups: [0, 4], home: "/root" });
  });

  test("is looked up by name, with all groups and the own one among them", () => {
    expect(resolve("www")).toEqual({ uid: 33, gid: 44, groups: [44, 4, 5], home: "/var/www" });
  });

  test("is looked up by number, and need not have an account", () => {
    expect(resolve("33")).toEqual({ uid: 33, gid: 44, groups: [44, 4, 5], home: "/var/www" });
    expect(resolve("4711")).toEqual({ uid: 4711, gid: 0, groups: [0], home: "/" });
  });

  test("is a number when it looks like one, whatever accounts and groups the image calls so", () => {
    expect(resolve("1000")).toEqual({ uid: 1000, gid: 0, groups: [0], home: "/" });
    const hostile = resolveUser("1000:1000", "1000:x:0:0:root:/root:/bin/sh\n", "1000:x:0:\n");
    expect(hostile).toMatchObject({ uid: 1000, gid: 1000, groups: [1000] });
  });

  test("has just the group that was named", () => {
    expect(resolve("www:log").groups).toEqual([5]);
    expect(resolve("5:6")).toMatchObject({ uid: 5, gid: 6, groups: [6] });
    expect(resolve(":web")).toMatchObject({ uid: 0, gid: 44 });
  });

  test.each([
    "nobody",
    "0\n",
    "+1",
    "-1",
    "1 ",
    "4294967296",
    "2147483648",
    "0x0",
    "root:",
    "root:none",
    "a:b:c",
    "1.5",
  ])("is refused when it is %j", (user) => {
    expect(() => resolve(user)).toThrow(/unable to find|invalid user/);
  });
});
