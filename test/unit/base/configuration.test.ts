import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfiguration, parseConfiguration } from "../../../src/base/configuration.ts";
import { readTextIfThere } from "../../../src/sys/files.ts";

const parse = (text: string) => parseConfiguration(text, "config.toml");
const empty = { insecureRegistries: [], helpers: {} };

test("every key of the file arrives", () => {
  expect(
    parse(
      [
        'storage-driver = "copy"',
        'insecure-registries = ["registry.lab:5000", "10.0.0.1", "[::1]:5000"]',
        "maximum-layer-size = 20_000_000_000",
        'images-format = "table {{.ID}}"',
        '[helpers]\nslirp4netns = "/opt/slirp4netns"',
      ].join("\n"),
    ),
  ).toEqual({
    storageDriver: "copy",
    insecureRegistries: ["registry.lab:5000", "10.0.0.1", "[::1]:5000"],
    maximumLayerSize: 20_000_000_000,
    imagesFormat: "table {{.ID}}",
    helpers: { slirp4netns: "/opt/slirp4netns" },
  });
  expect(parse("")).toEqual(empty);
});

test.each([
  ["foo = 1", 'unknown key "foo"'],
  ["storage-driver = ", "is not valid TOML"],
  ['storage-driver = "x"', '"storage-driver" must be one of overlay, fuse-overlayfs, copy'],
  ['insecure-registries = "x"', "must be a list of strings"],
  ['insecure-registries = ["http://x/"]', 'without scheme and path, but has "http://x/"'],
  ["maximum-layer-size = -1", "must be a number of bytes"],
  ["images-format = 1", "must be a string"],
  ['[helpers]\nip = "ip"', "must be a table of absolute paths"],
  ['[helpers]\nslirp = "/usr/bin/slirp4netns"', '"helpers.slirp" must be the name of a helper: unshare'],
])("%s is refused with the file's name and the reason", (text, reason) => {
  expect(() => parse(text)).toThrow(reason);
  expect(() => parse(text)).toThrow(/^config\.toml/);
});

test("a missing file is an empty configuration, one that cannot be read is an error", () => {
  const directory = mkdtempSync(join(tmpdir(), "berth-configuration-"));
  const load = () => loadConfiguration(directory, readTextIfThere);
  try {
    expect(load()).toEqual(empty);
    writeFileSync(join(directory, "config.toml"), "");
    expect(load()).toEqual(empty);
    rmSync(join(directory, "config.toml"));
    mkdirSync(join(directory, "config.toml"));
    expect(load).toThrow("cannot read ");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
