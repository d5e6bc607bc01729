import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diffIdOf, expectUnpacked, identities, UnpackLab } from "../support/unpack-lab.ts";

/**
 * A tree with what archives are hard with, made as root of the namespace. `$1` is where, `$2` is 1 where other owners
 * can be had. Holes are on block boundaries, so that each file system keeps them.
 */
const makeTree = `
set -eu
mkdir "$1" && cd "$1" && umask 022
echo plain > plain; printf '' > empty; head -c 1000000 /dev/urandom > random
mkdir -p d/e/f empty-dir; echo deep > d/e/f/deep
ln -s plain link; ln -s /absolute/missing dangling; ln plain hard; ln d/e/f/deep d/also-deep; ln link hard-link-to-link
mkfifo fifo special-fifo; chmod 4640 special-fifo
long=$(printf '%0120d' 7); mkdir "$long"; echo long > "$long/$long"; ln -s "$long/$long" "$long/l"; ln "$long/$long" "$long/h"
printf x > "$(printf 'caf\\351')"; printf x > "$(printf 'e\\314\\201')"; printf x > 'with
newline'; printf x > ' space '; printf x > 'back\\slash'; printf x > '*?["$'
truncate -s 1M holes; printf middle | dd of=holes bs=1 seek=524288 conv=notrunc status=none
truncate -s 5M many; i=0; while [ $i -lt 40 ]; do printf segment | dd of=many bs=1 seek=$((i * 131072)) conv=notrunc status=none; i=$((i + 1)); done
truncate -s 3M all-hole
chmod 4755 plain; chmod 2750 random; chmod 1777 empty-dir; chmod 000 empty; chmod 2775 d
if [ "$2" = 1 ]; then
  chown 1000:50 random; chown -h 33:33 link; chown 7:0 d; chown 0:65534 empty; chown 65535:65535 fifo; chmod 2750 random; chmod 2775 d; chmod 555 d/e
fi
touch -h -d '2001-02-03 04:05:06.789012345' plain link; touch -d '1999-12-31 23:59:59' d/e; touch -d '1965-01-01' empty
touch -d '2024-06-01 00:00:00.5' d empty-dir fifo .
`;

const formats = ["v7", "ustar", "gnu", "posix", "oldgnu"] as const;
const sparseVersions = ["0.0", "0.1", "1.0"] as const;
/** What a format cannot hold, GNU tar leaves out with a complaint; that is not ours to test. */
const variants: readonly (readonly [name: string, flags: readonly string[]])[] = [
  ...formats.map((format) => [format, [`--format=${format}`]] as const),
  ...(["gnu", "oldgnu"] as const).map(
    (format) => [`${format} sparse`, [`--format=${format}`, "-S"]] as const,
  ),
  ...sparseVersions.map(
    (version) =>
      [`posix sparse ${version}`, ["--format=posix", "-S", `--sparse-version=${version}`]] as const,
  ),
  ["a volume label", ["--format=gnu", "--label=a volume"]],
  ["blocks of 20 KiB and dot names", ["--format=posix", "-b", "40"]],
];

describe.each(identities)("unpacking agrees with GNU tar, $mode ids", (identity) => {
  const lab = new UnpackLab(identity);
  afterAll(() => lab[Symbol.asyncDispose]());
  const tree = lab.newPath("tree");
  let made: Promise<string> | undefined;

  const listing = async (path: string) => {
    const entries = await lab.list(path, "%P\t%y\t%04m\t%U:%G\t%n\t%T@\t%l");
    const files = await lab.asRoot(
      "find",
      path,
      "-type",
      "f",
      "-printf",
      "%P %s ",
      "-exec",
      "sha256sum",
      "-z",
      "--",
      "{}",
      ";",
    );
    return { entries, files: files.replaceAll(path, "").split("\0").sort() };
  };

  test.each(variants)("for an archive in the format %s", async (_name, flags) => {
    made ??= lab.asRoot("sh", "-c", makeTree, "sh", tree, identity.mode === "subordinate" ? "1" : "0");
    await made;
    const archive = lab.newPath("archive");
    const create = ["tar", "-C", tree, "--numeric-owner", "--sort=name", ...flags, "-cf", archive, "."];
    await lab.asRoot("sh", "-c", '"$@" || [ $? = 2 ]', "sh", ...create);
    const bytes = readFileSync(archive);

    const theirs = lab.newPath("theirs");
    mkdirSync(theirs);
    await lab.asRoot("tar", "-C", theirs, "--numeric-owner", "-xpf", archive);
    const { target: ours, notes } = expectUnpacked(await lab.unpackBlob(archive, diffIdOf(bytes)));
    expect(notes).toEqual([]);
    const [expected, actual] = await Promise.all([listing(theirs), listing(ours)]);
    expect(expected.entries.length).toBeGreaterThan(20);
    expect(actual).toEqual(expected);
  });

  test("and keeps the holes of sparse files", async () => {
    const archive = lab.newPath("archive");
    await lab.asRoot("tar", "-C", tree, "-S", "--format=posix", "-cf", archive, "holes", "many", "all-hole");
    const { target, size } = expectUnpacked(await lab.unpackBlob(archive, diffIdOf(readFileSync(archive))));
    expect(size).toBe(9 * 1024 * 1024);
    const blocks = (await lab.list(target, "%y %b"))
      .filter((line) => line.startsWith("f"))
      .map((line) => Number(line.slice(2)));
    expect(Math.max(...blocks)).toBeLessThan(1000);
  });
});

describe("unpacking agrees with GNU tar on damaged archives", () => {
  const lab = new UnpackLab(identities.at(-1)!);
  afterAll(() => lab[Symbol.asyncDispose]());

  test("or refuses what one byte was changed in", async () => {
    const tree = lab.newPath("tree");
    await lab.asRoot(
      "sh",
      "-c",
      'mkdir -p "$1/d" && cd "$1" && echo one > d/one && ln d/one two && ln -s one three',
      "sh",
      tree,
    );
    const archive = lab.newPath("archive");
    await lab.asRoot("tar", "-C", tree, "--format=posix", "--sort=name", "-cf", archive, ".");
    const original = readFileSync(archive);
    let seed = 12345;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed % below;
    };
    let agreed = 0;
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(original);
      bytes[random(original.length - 1024)] = random(256);
      const outcome = await lab.unpack(bytes);
      if (!("target" in outcome)) {
        expect(outcome.code).toBe("invalid-image");
        continue;
      }
      const theirs = lab.newPath("theirs");
      mkdirSync(theirs);
      const damaged = lab.newPath("damaged");
      writeFileSync(damaged, bytes);
      await lab.asRoot("sh", "-c", 'tar -C "$1" -xpf "$2" 2>&1 || true', "sh", theirs, damaged);
      const format = "%P %y %04m %s %l";
      expect(await lab.list(join(outcome.target), format)).toEqual(await lab.list(theirs, format));
      agreed++;
    }
    expect(agreed).toBeGreaterThan(0);
  }, 60_000);
});
