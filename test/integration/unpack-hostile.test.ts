import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gnuLong, paxHeader, tarArchive, tarEntry, tarHeader } from "../support/tar-bytes.ts";
import { expectUnpacked, identities, UnpackLab } from "../support/unpack-lab.ts";

const untouched = { names: ["victim", "victim/canary"], canary: "alive" };
const file = (name: string, content = "evil") => tarEntry({ name }, content);
const directory = (name: string, mode = 0o755) => tarEntry({ name, type: "5", mode });
const symlink = (name: string, link: string) => tarEntry({ name, type: "2", link });
const hardLink = (name: string, link: string) => tarEntry({ name, type: "1", link });

describe.each(identities)("a hostile layer, $mode ids", (identity) => {
  let lab: UnpackLab;
  beforeEach(() => {
    lab = new UnpackLab(identity);
  });
  afterEach(async () => {
    expect(lab.outside()).toEqual(untouched);
    await lab[Symbol.asyncDispose]();
  });

  const refused: readonly (readonly [what: string, entry: string, tar: Buffer])[] = [
    // A1
    ["a name that leads out", "../x", tarArchive(file("../x"))],
    ["an absolute name that leads out", "/../x", tarArchive(file("/../x"))],
    ["a name that leads out on its way", "a/../../x", tarArchive(directory("a"), file("a/../../x"))],
    ["a bare ..", "..", tarArchive(directory(".."))],
    ["a .. with a slash", "../", tarArchive(directory("../"))],
    ["a file as the root", ".", tarArchive(tarEntry({ name: ".", type: "2", link: "../victim" }))],
    [
      "a long GNU name that leads out",
      "../../victim/canary",
      tarArchive(gnuLong("L", "../../victim/canary"), file("x")),
    ],
    [
      "a PAX name that leads out",
      "../../victim/canary",
      tarArchive(paxHeader([["path", "../../victim/canary"]]), file("x")),
    ],
    // A2
    [
      "a file through a link that leads out",
      "esc/canary",
      tarArchive(symlink("esc", "../../victim"), file("esc/canary")),
    ],
    [
      "a directory through a link that leads nowhere",
      "esc/d/",
      tarArchive(symlink("esc", "/nowhere"), directory("esc/d/")),
    ],
    [
      "a link through a link that leads out",
      "esc/l",
      tarArchive(symlink("esc", "../../victim"), symlink("esc/l", "x")),
    ],
    [
      "two hops",
      "go_up/escape/x",
      tarArchive(
        directory("inner"),
        symlink("inner/go_up", "../.."),
        symlink("go_up", "inner/go_up"),
        symlink("go_up/escape", "../victim"),
        file("go_up/escape/x"),
      ),
    ],
    // A3
    ["a hard link that leads out", "h", tarArchive(hardLink("h", "../../victim/canary"), file("h"))],
    ["a hard link to an absolute host path", "h", tarArchive(hardLink("h", "/etc/passwd"))],
    [
      "a hard link through a link that leads out",
      "h",
      tarArchive(symlink("esc", "../../victim"), hardLink("h", "esc/canary")),
    ],
    ["a hard link to the root", "h", tarArchive(hardLink("h", "/"))],
    ["a hard link to a directory", "h", tarArchive(directory("d"), hardLink("h", "d"))],
    ["a hard link to nothing", "h", tarArchive(hardLink("h", "missing"))],
    // A4
    ["a whiteout of ..", ".wh...", tarArchive(file(".wh..."))],
    ["a whiteout of .", ".wh..", tarArchive(file(".wh.."))],
    ["a whiteout of nothing", "d/.wh.", tarArchive(directory("d"), file("d/.wh."))],
    [
      "a whiteout through a link that leads out",
      "esc/.wh.canary",
      tarArchive(symlink("esc", "../../victim"), file("esc/.wh.canary")),
    ],
    [
      "an opaque mark through a link that leads out",
      "esc/.wh..wh..opq",
      tarArchive(symlink("esc", "../../victim"), file("esc/.wh..wh..opq")),
    ],
    ["a directory named like a whiteout", ".wh.d/x", tarArchive(file(".wh.d/x"))],
    // A8, A10
    ["a parent that is a file", "f/x", tarArchive(file("f"), file("f/x"))],
    [
      "a name longer than the file system takes",
      `${"n".repeat(197)}...`,
      tarArchive(gnuLong("L", "n".repeat(256)), file("x")),
    ],
    ["a NUL in a PAX name", "a\\x00b", tarArchive(paxHeader([["path", "a\0b"]]), file("x"))],
    [
      "different PAX and GNU names",
      "x",
      tarArchive(gnuLong("L", "one"), paxHeader([["path", "two"]]), file("x")),
    ],
    [
      "a hard link with content",
      "h",
      tarArchive(file("f"), tarEntry({ name: "h", type: "1", link: "f" }, "body")),
    ],
    ["an unknown type", "x", tarArchive(tarEntry({ name: "x", type: "Q" }))],
    [
      "a size that is no number",
      "x",
      tarArchive(tarHeader({ name: "x", patch: (block) => block.write("0000000008\0", 124) })),
    ],
    [
      "a negative size",
      "x",
      tarArchive(tarHeader({ name: "x", patch: (block) => block.fill(0xff, 124, 136) })),
    ],
    ["a PAX size that is no number", "x", tarArchive(paxHeader([["size", "4x"]]), file("x"))],
    [
      "sparse segments that overlap",
      "x",
      tarArchive(
        paxHeader([
          ["GNU.sparse.size", "100"],
          ["GNU.sparse.map", "0,2,1,2"],
        ]),
        file("x"),
      ),
    ],
    [
      "sparse segments behind the end",
      "x",
      tarArchive(
        paxHeader([
          ["GNU.sparse.size", "3"],
          ["GNU.sparse.map", "0,4"],
        ]),
        file("x"),
      ),
    ],
    [
      "fewer sparse segments than content",
      "x",
      tarArchive(
        paxHeader([
          ["GNU.sparse.size", "10"],
          ["GNU.sparse.map", "0,2"],
        ]),
        file("x"),
      ),
    ],
  ];
  test.each(refused)("with %s is refused by the name %s", async (_what, entry, tar) => {
    const outcome = await lab.unpack(tar);
    expect(outcome).toMatchObject({ code: "invalid-image" });
    expect("message" in outcome ? outcome.message : "").toContain(`"${entry}"`);
    expect(readdirSync(join(lab.path, "store")).filter((name) => !name.startsWith("blob"))).toEqual([]);
  });

  const malformed: readonly (readonly [what: string, tar: Buffer])[] = [
    ["that ends inside a header", tarArchive(file("x")).subarray(0, 300)],
    ["that ends inside a file", tarArchive(file("x", "y".repeat(2000))).subarray(0, 1500)],
    [
      "that declares 1 TiB",
      tarArchive(tarHeader({ name: "x", patch: (block) => block.write("200000000000000", 124) })),
    ],
    [
      "with a bad checksum",
      (() => {
        const tar = tarArchive(file("x"));
        tar[0] = 0x79;
        return tar;
      })(),
    ],
    ["of noise", Buffer.from("not an archive, but long enough to be looked at. ".repeat(20))],
    ["with a lone zero block", Buffer.concat([file("x"), Buffer.alloc(512), tarArchive(file("y"))])],
    ["with a broken PAX record", tarArchive(tarEntry({ name: "p", type: "x" }, "99 path=x\n"), file("x"))],
    ["with a PAX header of 2 MiB", tarArchive(paxHeader([["comment", "c".repeat(2 ** 21)]]), file("x"))],
    ["with a global PAX path", tarArchive(paxHeader([["path", "../../victim/canary"]], "g"), file("x"))],
    [
      "with a sparse map that never ends",
      tarArchive(
        paxHeader([
          ["GNU.sparse.major", "1"],
          ["GNU.sparse.minor", "0"],
          ["GNU.sparse.realsize", "9"],
        ]),
        file("x", "9".repeat(4096)),
      ),
    ],
  ];
  test.each(malformed)("%s is refused", async (_what, tar) => {
    expect(await lab.unpack(tar)).toMatchObject({ code: "invalid-image" });
  });

  test("that unpacks to another digest is a digest mismatch, and nothing of it stays", async () => {
    const outcome = await lab.unpack(tarArchive(file("x")), { diffId: `sha256:${"0".repeat(64)}` });
    expect(outcome).toMatchObject({ code: "digest-mismatch" });
    expect(readdirSync(join(lab.path, "store"))).toEqual(["blob-0"]);
  });

  test("with absolute names is unpacked below the root", async () => {
    const { target } = expectUnpacked(await lab.unpack(tarArchive(file("/etc/passwd", "inside"))));
    expect(readFileSync(join(target, "etc/passwd"), "utf8")).toBe("inside");
  });

  test("with links as parents is resolved as if its root were /", async () => {
    const tar = tarArchive(
      directory("run"),
      symlink("var-run", "/run"),
      file("var-run/pid", "1"),
      directory("a"),
      symlink("a/up", "../../../run"),
      file("a/up/two", "2"),
      hardLink("a/up/three", "var-run/pid"),
    );
    const { target } = expectUnpacked(await lab.unpack(tar));
    expect(readdirSync(join(target, "run")).sort()).toEqual(["pid", "three", "two"]);
  });

  test("never writes through a link or an inode that has the name already", async () => {
    const tar = tarArchive(
      file("original", "keep"),
      hardLink("alias", "original"),
      file("alias", "other"),
      symlink("s", "../../victim/canary"),
      file("s", "file now"),
      symlink("d", "original"),
      directory("d"),
      file("d/x", "in the directory"),
    );
    const { target } = expectUnpacked(await lab.unpack(tar));
    const read = (name: string) => readFileSync(join(target, name), "utf8");
    expect([read("original"), read("alias"), read("s"), read("d/x")]).toEqual([
      "keep",
      "other",
      "file now",
      "in the directory",
    ]);
  });

  test("forgets an open directory that was replaced by a link", async () => {
    const tar = tarArchive(file("d/x", "1"), symlink("d", "../../victim"), file("d/canary", "evil"));
    expect(await lab.unpack(tar)).toMatchObject({ code: "invalid-image" });
  });

  test("cannot make whiteouts, or steer the overlay, but by the names that the specification has", async () => {
    const attributes = ["opaque", "redirect", "metacopy", "whiteout"].flatMap((name) => [
      [`SCHILY.xattr.user.overlay.${name}`, "y"] as const,
      [`SCHILY.xattr.trusted.overlay.${name}`, "y"] as const,
      [`LIBARCHIVE.xattr.user.overlay.${name}`, "eQ=="] as const,
    ]);
    const all = [...attributes, ["SCHILY.xattr.user.containers.override_stat", "0:0:0777"] as const];
    const tar = tarArchive(
      paxHeader(all),
      directory("d"),
      paxHeader([...all, ["SCHILY.xattr.user.kept", "yes"]]),
      file("f"),
      tarEntry({ name: "null", type: "3" }),
    );
    const { target, notes } = expectUnpacked(await lab.unpack(tar));
    expect(lab.attributes(join(target, "d"))).toEqual({});
    expect(lab.attributes(join(target, "f"))).toEqual({ "user.kept": "yes" });
    expect(readdirSync(target).sort()).toEqual(["d", "f"]);
    expect(notes).toEqual(["device node skipped: null"]);
  });

  test("with AUFS metadata is unpacked without it", async () => {
    const tar = tarArchive(
      directory(".wh..wh.plnk"),
      file(".wh..wh.plnk/1.2"),
      file(".wh..wh.aufs"),
      directory(".wh..wh.orph"),
      file("x"),
    );
    expect(readdirSync(expectUnpacked(await lab.unpack(tar)).target)).toEqual(["x"]);
  });

  test("with directories and files of mode 0 can be removed again", async () => {
    const tar = tarArchive(
      directory("./", 0),
      directory("d", 0),
      directory("d/e", 0),
      tarEntry({ name: "d/e/f", mode: 0 }, "x"),
    );
    expectUnpacked(await lab.unpack(tar));
  });

  test("with a thousand nested directories is unpacked and removed", async () => {
    const parts = Array.from({ length: 1000 }, (_, index) => `directory-${index}`);
    const tar = tarArchive(paxHeader([["path", `${parts.join("/")}/file`]]), file("x", "deep"));
    expect(expectUnpacked(await lab.unpack(tar)).size).toBe(4);
  });

  test("with more directories than any path can name is refused", async () => {
    const tar = tarArchive(paxHeader([["path", "d/".repeat(10_000)]]), directory("x"));
    expect(await lab.unpack(tar)).toMatchObject({ code: "invalid-image" });
  });

  test("with names of any bytes keeps them", async () => {
    const names = [
      "caf\xe9",
      "new\nline",
      "back\\slash",
      "tab\t",
      "\xc3\xa9",
      "e\xcc\x81",
      "Case",
      "case",
      "n".repeat(255),
      "\x01\x7f",
    ];
    const tar = tarArchive(
      ...names.map((name) =>
        name.length > 100 ? Buffer.concat([gnuLong("L", name), file("x")]) : file(name),
      ),
    );
    const { target } = expectUnpacked(await lab.unpack(tar));
    expect(await lab.list(target, "%P")).toEqual(["", ...names].filter(Boolean).sort());
  });

  test("cannot confuse a link with a directory by a backslash or a trailing slash", async () => {
    const tar = tarArchive(
      symlink("a\\b", "../../victim"),
      directory("a"),
      file("a/b", "1"),
      file("a\\b/", ""),
    );
    const { target } = expectUnpacked(await lab.unpack(tar));
    expect((await lab.list(target, "%P %y")).filter((line) => line.startsWith("a\\"))).toEqual(["a\\b d"]);
  });

  test("larger than the limit is refused", async () => {
    const tar = tarArchive(file("x", "x".repeat(600)), file("y", "y".repeat(600)));
    expect(await lab.unpack(tar, { maximumSize: 1000 })).toMatchObject({
      code: "invalid-image",
      message: "layer unpacks to more than 1000 bytes",
    });
    expectUnpacked(await lab.unpack(tar, { maximumSize: 1200 }));
  });

  test("with data behind its end is unpacked to its end, as by GNU tar and Go", async () => {
    const tar = Buffer.concat([
      tarArchive(file("x")),
      Buffer.from("garbage".repeat(100)),
      tarArchive(file("../../victim/canary")),
    ]);
    expect(readdirSync(expectUnpacked(await lab.unpack(tar)).target)).toEqual(["x"]);
  });

  test("without an end mark is unpacked, as by GNU tar and Go", async () => {
    expectUnpacked(await lab.unpack(file("x")));
    expectUnpacked(await lab.unpack(Buffer.alloc(0)));
  });
});
