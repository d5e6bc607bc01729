import { describe, expect, test } from "bun:test";
import { TarGuard } from "../../../../src/archive/layer/tar-guard.ts";
import {
  gnuLong,
  paxHeader,
  tarArchive,
  tarContent,
  tarEnd,
  tarEntry,
  tarHeader,
} from "../../../support/tar-bytes.ts";

/** Everything through a guard in pieces of `step` bytes. */
function pass(bytes: Buffer, step = bytes.length) {
  const forwarded: Buffer[] = [];
  const guard = new TarGuard((piece) => forwarded.push(Buffer.from(piece)));
  for (let at = 0; at < bytes.length; at += step) guard.push(bytes.subarray(at, at + step));
  guard.finish();
  return { guard, forwarded: Buffer.concat(forwarded) };
}

const sparseExtension = (next: boolean) => {
  const block = Buffer.alloc(512);
  block.write("00000010000\x0000000000004\0", 0, "latin1");
  block[504] = next ? 1 : 0;
  return block;
};
const oldSparse = Buffer.concat([
  tarHeader({
    name: "s",
    type: "S",
    format: "gnu",
    size: 12,
    patch: (block) => {
      block.write("00000000000\x0000000000004\0", 386, "latin1");
      block[482] = 1;
      block.write("00000020000\0", 483, "latin1");
    },
  }),
  sparseExtension(true),
  Buffer.from(sparseExtension(false)).fill("00000012000\x0000000000004\0", 0, 24, "latin1"),
  tarContent("aaaabbbbcccc"),
]);

const archive = Buffer.concat([
  paxHeader([["comment", "global"]], "g"),
  paxHeader([
    ["mtime", "1.5"],
    ["uid", "3000000"],
    ["SCHILY.xattr.user.x", "\x80"],
  ]),
  tarEntry({ name: "a", mode: 0o4755 }, "x".repeat(700)),
  gnuLong("L", "n".repeat(200)),
  tarEntry({ name: "n", type: "5" }),
  oldSparse,
  tarEntry({ name: "after" }, "y"),
  tarEnd,
]);

describe("the guard", () => {
  test.each([1, 7, 511, 512, 513, 1024, 100_000])("sees the same in pieces of %i bytes", (step) => {
    const { guard, forwarded } = pass(archive, step);
    expect(guard.entries.map(({ type, storedSize }) => [type, storedSize])).toEqual([
      ["0", 700],
      ["5", 0],
      ["S", 12],
      ["0", 1],
    ]);
    expect(guard.entries[0]).toMatchObject({
      mode: 0o4755,
      uid: 3_000_000,
      gid: 0,
      modified: { seconds: 1n, nanoseconds: 500_000_000 },
    });
    expect(guard.entries[0]?.pax.at(-1)).toEqual(["SCHILY.xattr.user.x", "\x80"]);
    expect(guard.entries[2]?.sparse).toEqual({
      realSize: 0o20000,
      segments: [
        { offset: 0, length: 4 },
        { offset: 0o10000, length: 4 },
        { offset: 0o12000, length: 4 },
      ],
    });
    const withoutExtensions = archive.length - 1024;
    expect(forwarded.length).toBe(withoutExtensions);
    expect(guard.ended).toBe(true);
  });

  test("forwards nothing behind the end mark", () => {
    const { forwarded } = pass(
      Buffer.concat([tarArchive(tarEntry({ name: "x" })), Buffer.alloc(512, 7)]),
      300,
    );
    expect(forwarded.length).toBe(512 + 1024);
  });

  test("lets PAX records count for one entry only", () => {
    const { guard } = pass(
      tarArchive(paxHeader([["uid", "5"]]), tarEntry({ name: "x" }), tarEntry({ name: "y" })),
    );
    expect(guard.entries.map((entry) => entry.uid)).toEqual([5, 0]);
  });

  test("takes the PAX size for the size", () => {
    const header = tarHeader({ name: "x", size: 1 });
    const { guard } = pass(
      Buffer.concat([paxHeader([["size", "600"]]), header, tarContent("z".repeat(600)), tarEnd]),
    );
    expect(guard.entries[0]?.storedSize).toBe(600);
  });

  test.each([
    ["in a header", tarHeader({ name: "x" }).subarray(0, 100)],
    ["in content", Buffer.concat([tarHeader({ name: "x", size: 10 }), Buffer.alloc(100)])],
    ["in a PAX header", paxHeader([["path", "x".repeat(600)]]).subarray(0, 600)],
    ["in a sparse map", oldSparse.subarray(0, 600)],
    ["before its sparse map", oldSparse.subarray(0, 512)],
  ])("refuses an archive that ends %s", (_where, bytes) => {
    expect(() => pass(bytes)).toThrow("truncated");
  });
});
