/**
 * What a root file system is, as a judge sees it: a shell script for the root of the tree that tells of every file, and
 * the reader of what it says. /dev, /proc and /sys are of the machine, not of the image.
 */
export const listTree = `export LC_ALL=C
files() { find . -mindepth 1 \\( -path ./dev -o -path ./proc -o -path ./sys \\) -prune -o "$@"; }
files -printf '%P\\t%y %04m %U:%G %s %n %T@ %l\\n'
echo ==
files -type f -exec sha256sum {} +
echo ==
/sbin/getcap -r usr`;

/** One line for each path below the root: type, mode, owner, size, links, time, link target, capability, content. */
export type Tree = Readonly<Record<string, string>>;

/** Directories in which an engine makes files, such as /etc/hosts: their times are its own. */
const engineWritesIn = new Set(["etc", "run", "srv"]);

/** What engines put into a container by themselves: name resolution, marks, mount points, the working directory. */
const engineMakes = new Set(
  "etc/hosts etc/hostname etc/resolv.conf etc/mtab run/.containerenv run/secrets srv/work".split(" "),
);

/** Reads what `listTree` printed. Sizes and link counts of directories are the file system's, and left out. */
export function readTree(output: string): Tree {
  const [statuses = "", hashes = "", capabilities = ""] = output.split("==\n");
  const tree: Record<string, string> = {};
  for (const line of statuses.split("\n").filter(Boolean)) {
    const [path = "", status = ""] = line.split("\t");
    const [type, mode, owner, size, links, time, ...target] = status.split(" ");
    const shown =
      type === "d" ? [engineWritesIn.has(path) ? "" : time] : [size, links, time, target.join(" ")];
    if (!engineMakes.has(path)) tree[path] = [type, mode, owner, ...shown].join(" ");
  }
  const add = (path: string, what: string) => {
    if (!engineMakes.has(path)) tree[path] = `${tree[path]} ${what}`;
  };
  for (const line of hashes.split("\n").filter(Boolean)) add(line.slice(68), line.slice(0, 64));
  for (const line of capabilities.split("\n").filter(Boolean)) {
    const [path = "", ...rest] = line.split(" ");
    add(path, rest.join(" "));
  }
  return tree;
}

/** The first lines that two trees do not share, for a message that can be read. */
export function treeDifference(actual: Tree, expected: Tree): string[] {
  const paths = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  return [...paths]
    .filter((path) => actual[path] !== expected[path])
    .sort()
    .slice(0, 20)
    .map((path) => `${path}: ${actual[path] ?? "is missing"} | expected: ${expected[path] ?? "nothing"}`);
}
