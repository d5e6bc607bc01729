import { describe, expect, test } from "bun:test";
import { splitCommaFields } from "../../../../src/base/comma-fields.ts";
import { parseMountOption } from "../../../../src/cli/run/mount-option.ts";
import { parseTmpfsOption } from "../../../../src/cli/run/tmpfs-option.ts";
import { parseVolumeOption } from "../../../../src/cli/run/volume-option.ts";

const surroundings = { workingDirectory: "/home/alice/work", hasSelinux: false };
const volume = (raw: string) => parseVolumeOption(raw, surroundings);
const mount = (raw: string) => parseMountOption(raw, "/home/alice/work");

describe("-v", () => {
  const bind = { kind: "bind", readOnly: false, createSource: true } as const;
  test.each([
    ["/host:/in", { ...bind, source: "/host", target: "/in" }],
    ["/host/../etc/:/in//x/", { ...bind, source: "/etc", target: "/in/x" }],
    ["./data:/in", { ...bind, source: "/home/alice/work/data", target: "/in" }],
    ["..:/in", { ...bind, source: "/home/alice", target: "/in" }],
    [".:/in:ro", { ...bind, source: "/home/alice/work", target: "/in", readOnly: true }],
    ["/host:/in:rw,rslave", { ...bind, source: "/host", target: "/in", propagation: "rslave" }],
    ["/host:/in:z", { ...bind, source: "/host", target: "/in" }],
    ["data:/in", { kind: "volume", name: "data", target: "/in", readOnly: false, noCopy: false }],
    ["data:/in:ro,nocopy", { kind: "volume", name: "data", target: "/in", readOnly: true, noCopy: true }],
    ["/in", { kind: "volume", target: "/in", readOnly: false, noCopy: false }],
  ])("%s", (raw, expected) => {
    expect(volume(raw)).toEqual(expected as ReturnType<typeof volume>);
  });

  test.each([
    ["", "invalid volume specification: ''"],
    [":/in", "invalid volume specification: ':/in'"],
    ["/a:/b:ro:z", "invalid volume specification: '/a:/b:ro:z'"],
    ["/in:ro", "invalid volume specification: '/in:ro'"],
    ["/a:b", "invalid mount path: 'b' mount path must be absolute"],
    ["/a:", "invalid mount path: '' mount path must be absolute"],
    ["/a:/", "destination can't be '/'"],
    ["/a:/b/..", "destination can't be '/'"],
    ["/a:/b:", "invalid mode: "],
    ["/a:/b:wo", "invalid mode: wo"],
    ["/a:/b:ro,rw", "more than one of ro and rw"],
    ["/a:/b:shared", "cannot be shared with the host"],
    ["/a:/b:nocopy", "applies to volumes"],
    ["data:/b:slave", "applies to paths of the host"],
    ["my data:/b", "invalid characters for a local volume name"],
    ["a/b:/b", "If you intended to pass a host directory, use absolute path"],
    ["x:/b", "create x: volume name is too short"],
    ["x y:/b", "invalid characters for a local volume name"],
  ])("%j is refused", (raw, message) => {
    expect(() => volume(raw)).toThrow(message);
  });

  test("relabelling is refused where SELinux would need it", () => {
    expect(() => parseVolumeOption("/a:/b:Z", { ...surroundings, hasSelinux: true })).toThrow(
      "relabelling for SELinux (:Z) is not supported yet",
    );
  });
});

describe("--mount", () => {
  test.each([
    [
      "type=bind,source=/host,target=/in",
      { kind: "bind", source: "/host", target: "/in", readOnly: false, createSource: false },
    ],
    [
      "TYPE=Bind,src=./x,dst=/in,readonly,bind-propagation=slave",
      {
        kind: "bind",
        source: "/home/alice/work/x",
        target: "/in",
        readOnly: true,
        createSource: false,
        propagation: "slave",
      },
    ],
    ["type=bind,src=/a,dst=/b,bind-create-src", { kind: "bind", createSource: true }],
    ["type=bind,src=/a,dst=/b,ro=false", { kind: "bind", readOnly: false }],
    ['type=bind,"src=/a,b",dst=/b', { kind: "bind", source: "/a,b" }],
    ["source=data,destination=/in,volume-nocopy=true", { kind: "volume", name: "data", noCopy: true }],
    ["target=/in", { kind: "volume", target: "/in", readOnly: false, noCopy: false }],
    [
      "type=tmpfs,target=/in,tmpfs-size=64m,tmpfs-mode=1770",
      { kind: "tmpfs", target: "/in", readOnly: false, flags: [], size: 67_108_864, mode: 0o1770 },
    ],
  ])("%s", (raw, expected) => {
    expect(mount(raw)).toMatchObject(expected as object);
  });

  test.each([
    ["type=bind,src=/a", "target is required"],
    ["type=bind,dst=/b", "field Source must not be empty"],
    ["type=bind,src=a,dst=/b", "invalid mount path: 'a' mount path must be absolute"],
    ["type=bind,src=/a,dst=b", "invalid mount path: 'b' mount path must be absolute"],
    ["type=bind,src=/a,dst=/b,volume-nocopy", "cannot mix 'volume-*' options with mount type 'bind'"],
    ["type=volume,dst=/b,tmpfs-size=1", "cannot mix 'tmpfs-*' options with mount type 'volume'"],
    ["type=tmpfs,src=/a,dst=/b", "field Source must not be specified"],
    ["type=tmpfs,dst=/b,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"],
    ["type=tmpfs,dst=/b,tmpfs-size=lots", "invalid value for tmpfs-size: lots"],
    ["type=nothing,dst=/b", 'mount type unknown: "nothing"'],
    ["type=cluster,src=x,dst=/b", 'mount type "cluster" is not for this machine'],
    ["type=image,dst=/b", "field Source must not be empty"],
    ["type=image,src=x,dst=/b,readonly=false", "an image cannot be written"],
    ["type=image,src=x,dst=/b,image-subpath=/a", "must be a relative path within the image"],
    ["type=bind,src=/x,dst=/b,image-subpath=a", "cannot mix 'image-*' options with mount type 'bind'"],
    ["type=bind,src", "invalid field 'src' must be a key=value pair"],
    ["type=bind,src=", "invalid value for 'src': value is empty"],
    ["type=bind, src=/a,dst=/b", "option should not have whitespace"],
    ["type=bind,src= /a,dst=/b", "value should not have whitespace"],
    ["dst=/b,colour=red", "unknown option 'colour' in 'colour=red'"],
    ["dst=/b,readonly=maybe", 'must be one of "true", "1", "false", or "0"'],
    ["dst=/b,volume-driver=nfs", 'error looking up volume plugin nfs: plugin "nfs" not found'],
    ['"dst=/b', 'missing "'],
  ])("%j is refused", (raw, message) => {
    expect(() => mount(raw)).toThrow(message);
  });
});

describe("--tmpfs", () => {
  test.each([
    ["/run", { kind: "tmpfs", target: "/run", readOnly: false, flags: [] }],
    ["/run:", { kind: "tmpfs", target: "/run", readOnly: false, flags: [] }],
    [
      "/run:ro,size=64m,mode=0755,exec,uid=5",
      {
        kind: "tmpfs",
        target: "/run",
        readOnly: true,
        size: 67_108_864,
        mode: 0o755,
        flags: ["exec", "uid=5"],
      },
    ],
  ])("%s", (raw, expected) => {
    expect(parseTmpfsOption(raw)).toEqual(expected as ReturnType<typeof parseTmpfsOption>);
  });

  test.each([
    ["run", "mount path must be absolute"],
    ["/", "destination can't be '/'"],
    ["/run:huge=always", 'invalid tmpfs option "huge=always"'],
    ["/run:dev", 'tmpfs option "dev" is not supported: no mount in a user namespace has devices that work'],
    ["/run:rw,shared", 'tmpfs option "shared" is not supported'],
    ["/run:size=50%", "invalid value for tmpfs-size: 50%"],
    ["/run:mode=rwx", "invalid value for tmpfs-mode: rwx"],
    ["/run:uid=alice", 'invalid tmpfs option "uid=alice"'],
  ])("%j is refused", (raw, message) => {
    expect(() => parseTmpfsOption(raw)).toThrow(message);
  });
});

test("comma-separated fields are read as Go's encoding/csv does", () => {
  expect(splitCommaFields("a,b,")).toEqual(["a", "b", ""]);
  expect(splitCommaFields('"a ""quoted"", b",c')).toEqual(['a "quoted", b', "c"]);
  expect(() => splitCommaFields('a"b')).toThrow('bare " in non-quoted-field');
  expect(() => splitCommaFields('"a"b')).toThrow('missing " in quoted-field');
});
