import { expect, test } from "bun:test";
import { layerEntryFrom } from "../../../../src/archive/layer/layer-entry.ts";
import {
  storedSize,
  type TarEntry,
  tarHeader,
  tarPadding,
} from "../../../../src/archive/layer/tar-header.ts";
import { TarGuard } from "../../../../src/archive/layer/tar-guard.ts";

const plain: TarEntry = {
  name: "file",
  type: "0",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  modified: 1_700_000_000,
};

/** What our own strict reader makes of a header. */
function read(header: Buffer, name = "in-header", target = "") {
  const guard = new TarGuard(() => {});
  guard.push(header);
  return layerEntryFrom(name, target, guard.entries[0]!);
}

/** What GNU tar says of an archive. */
function listed(...parts: Buffer[]): string {
  const { stdout } = Bun.spawnSync(["tar", "--numeric-owner", "--utc", "-tvf", "-"], {
    stdin: Buffer.concat([...parts, Buffer.alloc(1024)]),
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" },
  });
  return stdout.toString().replaceAll(/ +/g, " ");
}

test("a file that ustar can hold needs no more than one block", () => {
  const header = tarHeader({ ...plain, mode: 0o4755, uid: 33, gid: 34, size: 5 });
  expect(header.length).toBe(512);
  expect(header.toString("latin1", 257, 265)).toBe("ustar\x0000");
  expect(listed(header, Buffer.alloc(512))).toBe("-rwsr-xr-x 33/34 5 2023-11-14 22:13 file\n");
});

test("names, targets, owners, times and sizes beyond ustar go into PAX records and come back", () => {
  const name = `${"d/".repeat(80)}n\xff`;
  const target = "t".repeat(101);
  const entry = { ...plain, name, type: "2", target, uid: 3_000_000, gid: 2 ** 31, modified: -1 } as const;
  const got = read(tarHeader(entry), name.slice(0, 100), target.slice(0, 100));
  expect(got).toMatchObject({ name, target, uid: 3_000_000, gid: 2 ** 31, type: "symbolic-link" });
  expect(got.modified).toEqual({ seconds: -1n, nanoseconds: 0 });
  const large = read(tarHeader({ ...plain, size: 9 * 2 ** 30 }));
  expect(large.storedSize).toBe(9 * 2 ** 30);
  expect(listed(tarHeader({ ...plain, name: `${"d/".repeat(80)}n` }))).toContain(`${"d/".repeat(80)}n\n`);
});

test("extended attributes keep every byte", () => {
  const value = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const attributes = [
    { name: "security.capability", value },
    { name: "user.empty", value: Buffer.alloc(0) },
  ];
  expect(read(tarHeader({ ...plain, attributes })).attributes).toEqual(attributes);
});

test("a sparse file is stored in GNU's format 1.0", () => {
  const sparse = [
    { offset: 1_048_576, length: 4 },
    { offset: 3_000_000, length: 0 },
  ];
  const header = tarHeader({ ...plain, name: "a/sparse", size: 3_000_000, sparse });
  expect(storedSize(sparse)).toBe(4);
  expect(listed(header, Buffer.from("data"), Buffer.alloc(tarPadding(4)))).toMatch(
    / 3000000 .* a\/sparse\n$/,
  );
  const got = read(header.subarray(0, -512));
  expect(got).toMatchObject({ name: "a/sparse", storedSize: 516, sparse: { realSize: 3_000_000 } });
});

test("devices carry their numbers", () => {
  const header = tarHeader({ ...plain, name: "null", type: "3", device: { major: 1, minor: 3 } });
  expect(listed(header)).toContain("crw-r--r-- 0/0 1,3 2023-11-14 22:13 null\n");
});
