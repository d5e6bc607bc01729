import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paxHeader, tarArchive, tarEntry } from "../support/tar-bytes.ts";
import { diffIdOf, expectUnpacked, identities, UnpackLab } from "../support/unpack-lab.ts";

const file = (name: string, content = "content") => tarEntry({ name }, content);
const directory = (name: string) => tarEntry({ name, type: "5", mode: 0o755 });
const gzip = (bytes: Uint8Array) => Buffer.from(Bun.gzipSync(new Uint8Array(bytes)));
const zstd = (bytes: Uint8Array) => Buffer.from(Bun.zstdCompressSync(bytes));

describe.each(identities)("a layer, $mode ids", (identity) => {
  let lab: UnpackLab;
  beforeEach(() => {
    lab = new UnpackLab(identity);
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  test("becomes whiteouts and opaque directories as overlay mounts read them", async () => {
    const tar = tarArchive(directory("d"), file("d/.wh..wh..opq", ""), file("d/new"), file("e/.wh.gone", ""));
    const { target } = expectUnpacked(await lab.unpack(tar));
    expect(lab.attributes(join(target, "d"))).toEqual({ "user.overlay.opaque": "y" });
    expect(readdirSync(join(target, "d"))).toEqual(["new"]);
    const gone = lstatSync(join(target, "e/gone"));
    expect([gone.isCharacterDevice(), gone.rdev]).toEqual([true, 0]);
    // The layer does not describe e; what it is comes from the layers below.
    expect(lab.attributes(join(target, "e"))).toEqual({ "user.berth.implied": "y" });
  });

  test("a whiteout hides lower layers only, whatever the order is", async () => {
    const tar = tarArchive(
      file("before"),
      file(".wh.before", ""),
      file(".wh.after", ""),
      file("after"),
      directory("d-before"),
      file("d-before/x"),
      file(".wh.d-before", ""),
      file(".wh.d-after", ""),
      directory("d-after"),
      file(".wh.d-implied", ""),
      file("d-implied/x"),
    );
    const { target } = expectUnpacked(await lab.unpack(tar));
    expect(readFileSync(join(target, "before"), "utf8")).toBe("content");
    expect(readFileSync(join(target, "after"), "utf8")).toBe("content");
    expect(readFileSync(join(target, "d-before/x"), "utf8")).toBe("content");
    for (const name of ["d-before", "d-after", "d-implied"])
      expect(lab.attributes(join(target, name))).toMatchObject({ "user.overlay.opaque": "y" });
  });

  test("keeps hard links, also to files seen later, to links and by absolute names", async () => {
    const tar = tarArchive(
      tarEntry({ name: "early", type: "1", link: "d/file" }),
      tarEntry({ name: "d/file" }, "one"),
      tarEntry({ name: "late", type: "1", link: "/d/file" }),
      tarEntry({ name: "self", type: "0" }, "self"),
      tarEntry({ name: "self", type: "1", link: "./self" }),
      tarEntry({ name: "l", type: "2", link: "missing" }),
      tarEntry({ name: "l2", type: "1", link: "l" }),
    );
    const { target, size } = expectUnpacked(await lab.unpack(tar));
    expect(statSync(join(target, "early")).nlink).toBe(3);
    expect(readFileSync(join(target, "early"), "utf8")).toBe("one");
    expect(readFileSync(join(target, "self"), "utf8")).toBe("self");
    expect(readlinkSync(join(target, "l2"))).toBe("missing");
    expect(size).toBe(7);
  });

  test("the last entry of a name wins, and a directory keeps what is in it", async () => {
    const tar = tarArchive(
      tarEntry({ name: "d", type: "5", mode: 0o700 }),
      file("d/kept"),
      tarEntry({ name: "d", type: "5", mode: 0o711, mtime: 5 }),
      file("f", "first"),
      file("f", "second"),
      directory("x"),
      file("x/y"),
      file("x", "now a file"),
    );
    const { target } = expectUnpacked(await lab.unpack(tar));
    expect(readdirSync(join(target, "d"))).toEqual(["kept"]);
    expect(statSync(join(target, "d")).mode & 0o7777).toBe(0o711);
    expect(statSync(join(target, "d")).mtimeMs).toBe(5000);
    expect(readFileSync(join(target, "f"), "utf8")).toBe("second");
    expect(readFileSync(join(target, "x"), "utf8")).toBe("now a file");
  });

  test("the root gets the mode and time of its entry", async () => {
    const { target } = expectUnpacked(
      await lab.unpack(tarArchive(tarEntry({ name: "./", type: "5", mode: 0o750, mtime: 9 }), file("./x"))),
    );
    expect([statSync(target).mode & 0o7777, statSync(target).mtimeMs]).toEqual([0o750, 9000]);
  });

  test("keeps extended attributes, binary ones too, and file capabilities", async () => {
    // cap_setuid+ep as VFS_CAP_REVISION_2: byte 4 is 0x80, which is not UTF-8.
    const capability = "\x01\x00\x00\x02\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    const tar = tarArchive(
      paxHeader([
        ["SCHILY.xattr.security.capability", capability],
        ["SCHILY.xattr.user.binary", "\x00\xff=\n\x80"],
        ["LIBARCHIVE.xattr.user.percent%20name", Buffer.from("\x01\x02").toString("base64")],
        ["SCHILY.xattr.user.empty", ""],
      ]),
      file("ping"),
      paxHeader([["SCHILY.xattr.user.on-directory", "yes"]]),
      directory("d"),
    );
    const { target, notes } = expectUnpacked(await lab.unpack(tar));
    const attributes = lab.attributes(join(target, "ping"));
    expect(attributes).toMatchObject({
      "user.binary": "\x00\xff=\n\x80",
      "user.percent name": "\x01\x02",
      "user.empty": "",
    });
    // The kernel makes it revision 3, which names the root of the namespace (capabilities(7)).
    expect(attributes["security.capability"]?.slice(4, 20)).toBe(capability.slice(4));
    expect(lab.attributes(join(target, "d"))).toEqual({ "user.on-directory": "yes" });
    expect(notes).toEqual([]);
  });

  test("tells what it could not keep, one line a kind", async () => {
    const trusted = paxHeader([["SCHILY.xattr.trusted.other", "x"]]);
    const tar = tarArchive(
      trusted,
      file("a"),
      trusted,
      file("b"),
      tarEntry({ name: "dev/null", type: "3", patch: (block) => block.write("0000001\x000000003", 329) }),
      tarEntry({ name: "dev/sda", type: "4" }),
    );
    const { notes } = expectUnpacked(await lab.unpack(tar));
    expect(notes).toEqual([
      "extended attribute trusted.other not kept (EPERM): a and 1 more",
      "device node skipped: dev/null and 1 more",
    ]);
  });

  test("an owner that cannot be had is kept in an attribute", async () => {
    const tar = tarArchive(
      tarEntry({ name: "far", uid: 2_000_000, gid: 7, mode: 0o4755 }, "x"),
      tarEntry({ name: "root", mode: 0o600 }, "x"),
      tarEntry({ name: "d", type: "5", uid: 2_000_000, gid: 2_000_000, mode: 0o500 }),
    );
    const { target, notes } = expectUnpacked(await lab.unpack(tar));
    expect(lab.attributes(join(target, "far"))).toEqual({
      "user.containers.override_stat": "2000000:7:04755",
    });
    expect(lab.attributes(join(target, "root"))).toEqual({});
    expect(lab.attributes(join(target, "d"))["user.containers.override_stat"]).toBe("2000000:2000000:0500");
    expect(statSync(join(target, "far")).mode & 0o7777).toBe(0o4755);
    const owners = await lab.list(target, "%P %U:%G");
    expect(owners).toContain(identity.mode === "subordinate" ? "far 0:7" : "far 0:0");
    expect(notes.length).toBe(identity.mode === "subordinate" ? 1 : 0);
  });

  test("in one-id mode belongs to the user, who can work in every directory", async () => {
    const tar = tarArchive(tarEntry({ name: "d", type: "5", uid: 33, gid: 33, mode: 0o555 }), file("d/x"));
    const { target } = expectUnpacked(await lab.unpack(tar));
    const { uid, mode } = statSync(join(target, "d"));
    if (identity.mode === "subordinate") {
      expect([uid, mode & 0o7777]).toEqual([identity.uids[1]!.outside + 32, 0o555]);
    } else {
      expect([uid, mode & 0o7777]).toEqual([process.getuid!(), 0o755]);
      expect(lab.attributes(join(target, "d"))).toEqual({ "user.containers.override_stat": "33:33:0555" });
    }
  });
});

describe("a compressed layer", () => {
  const lab = new UnpackLab(identities[0]!);
  afterAll(() => lab[Symbol.asyncDispose]());
  const tar = tarArchive(file("a", "a".repeat(3_000_000)), file("b"));
  const half = 1_000_001;

  const readable: readonly (readonly [what: string, blob: Buffer])[] = [
    ["not at all", tar],
    ["with gzip", gzip(tar)],
    [
      "with gzip of several members",
      Buffer.concat([gzip(tar.subarray(0, half)), gzip(tar.subarray(half)), gzip(Buffer.alloc(0))]),
    ],
    ["with zstd", zstd(tar)],
    ["with zstd of several frames", Buffer.concat([zstd(tar.subarray(0, half)), zstd(tar.subarray(half))])],
  ];
  test.each(readable)("%s is read", async (_what, blob) => {
    const outcome = await lab.unpackBlob(lab.writeBlob(blob), diffIdOf(tar));
    expect(expectUnpacked(outcome).size).toBe(3_000_007);
  });

  const broken: readonly (readonly [what: string, blob: Buffer])[] = [
    ["gzip that ends early", gzip(tar).subarray(0, 2000)],
    ["gzip that ends in its trailer", gzip(tar).subarray(0, -3)],
    [
      "gzip with a wrong CRC",
      (() => {
        const blob = gzip(tar);
        blob[blob.length - 8]! ^= 1;
        return blob;
      })(),
    ],
    [
      "gzip with damaged content",
      (() => {
        const blob = gzip(tar);
        blob.fill(0xaa, 1000, 1100);
        return blob;
      })(),
    ],
    ["zstd that ends early", zstd(tar).subarray(0, 200)],
    ["gzip inside gzip", gzip(gzip(tar))],
    ["bytes that are not gzip", Buffer.from("<html>not found</html>")],
  ];
  test.each(broken)("%s is refused", async (_what, blob) => {
    const outcome = await lab.unpackBlob(lab.writeBlob(blob), diffIdOf(tar));
    expect(outcome).toMatchObject({ code: "invalid-image" });
  });

  test.each(["xz", "bzip2"])("%s is named as what it is", async (program) => {
    const head = program === "xz" ? "\xfd7zXZ\x00" : "BZh91AY&SY";
    const blob = lab.writeBlob(Buffer.from(head + "x".repeat(100), "latin1"));
    expect(await lab.unpackBlob(blob, diffIdOf(tar))).toMatchObject({
      code: "unsupported",
      message: `layer is compressed with ${program}`,
    });
  });

  test("zstd that wants a window of 2 GiB is refused", async () => {
    // Frame header without content size: window descriptor 0xa8 is 2^31 bytes (RFC 8878, 3.1.1.1.2).
    const blob = lab.writeBlob(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00]));
    expect(await lab.unpackBlob(blob, diffIdOf(tar))).toMatchObject({ code: "invalid-image" });
  });

  test("a blob that is not there is named", async () => {
    writeFileSync(join(lab.path, "store/here"), "");
    const missing = join(lab.path, "store/missing");
    const outcome = await lab.unpackBlob(missing, diffIdOf(tar));
    expect("message" in outcome ? outcome.message : "").toContain(missing);
  });
});
