import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { publish } from "./helper-bundle.ts";
import type { HelperPrograms } from "./helper-programs.ts";

interface Notice {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Which of the embedded files it covers. */
  readonly covers: string;
  readonly text: string;
}

interface Options {
  readonly root: string;
  readonly programs: HelperPrograms;
  readonly prefix: string | undefined;
  readonly directory: string;
}

const commonLicenses = "/usr/share/common-licenses";

/**
 * Packages (by the start of their name) whose copyright file has no machine-readable `License:` field, or whose first
 * field is not that of the library which is embedded.
 */
const stated: readonly (readonly [string, string])[] = [
  ["libc6", "LGPL-2.1+"],
  ["busybox-static", "GPL-2"],
  ["libselinux1", "public-domain"],
  ["libfuse3", "LGPL-2.1"],
  ["libelf1", "LGPL-3+ or GPL-2+"],
  ["libglib2.0", "LGPL-2.1+"],
];

/**
 * The licence of a package in short. In a copyright file in Debian's format the first `License:` field is usually the
 * one of `Files: *`.
 */
export function licenseOf(packageName: string, copyright: string): string {
  const field = /^License:[ \t]*(\S.*)$/m.exec(copyright)?.[1];
  return stated.find(([start]) => packageName.startsWith(start))?.[1] ?? field ?? "see the text";
}

/** The package of a file and its version: from dpkg, or from what scripts/setup noted next to unpacked packages. */
function packageOf(source: string, prefix: string | undefined): { name: string; version: string } {
  if (prefix !== undefined && source.startsWith(`${prefix}/`)) {
    const inside = source.slice(prefix.length);
    for (const list of readdirSync(join(prefix, "packages"))) {
      const [version, ...files] = readFileSync(join(prefix, "packages", list), "utf8").split("\n");
      if (files.includes(inside)) return { name: list, version: version ?? "" };
    }
    throw new Error(`no package noted in ${prefix}/packages has ${inside}`);
  }
  // dpkg knows a file by the name it was packed with, /lib/… or /usr/lib/…, wherever /lib leads to now.
  const spellings = [source, source.replace(/^\/usr/, ""), `/usr${source}`];
  const owner = Bun.spawnSync(["dpkg-query", "-S", ...spellings], { stderr: "ignore" });
  const name = /^([^:,\s]+)/.exec(owner.stdout.toString())?.[1];
  if (name === undefined)
    throw new Error(`${source} belongs to no Debian package, so its licence is unknown`);
  const shown = Bun.spawnSync(["dpkg-query", "-W", "-f", "${Version}\n", name]);
  return { name, version: shown.stdout.toString().split("\n")[0] ?? "" };
}

function debianNotices({ programs, prefix }: Options): Notice[] {
  const packages = new Map<string, { version: string; files: string[]; root: string }>();
  for (const { name, source } of programs.files) {
    const owner = packageOf(source, prefix);
    const root = prefix !== undefined && source.startsWith(`${prefix}/`) ? prefix : "/";
    const entry = packages.get(owner.name) ?? { version: owner.version, files: [], root };
    entry.files.push(name);
    packages.set(owner.name, entry);
  }
  return [...packages]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { version, files, root }]) => {
      const text = readFileSync(join(root, "usr/share/doc", name, "copyright"), "utf8");
      return { name, version, license: licenseOf(name, text), covers: files.join(" "), text };
    });
}

/** The packages that `dependencies` in package.json brings, with theirs. */
function npmNotices(root: string): Notice[] {
  const notices = new Map<string, Notice>();
  const visit = (name: string, from: string) => {
    const nested = join(from, "node_modules", name);
    const directory = existsSync(nested) ? nested : join(root, "node_modules", name);
    if (!existsSync(directory) || notices.has(directory)) return; // an optional dependency of another platform
    if (name.startsWith("@types/")) return; // no code in it
    const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
      version: string;
      license?: string;
      dependencies?: Record<string, string>;
    };
    const file = readdirSync(directory).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text =
      file === undefined ? "(no licence text in the package)\n" : readFileSync(join(directory, file), "utf8");
    notices.set(directory, {
      name,
      version: manifest.version,
      license: manifest.license ?? "see the text",
      covers: "npm package",
      text,
    });
    for (const dependency of Object.keys(manifest.dependencies ?? {}))
      visit(dependency, realpathSync(directory));
  };
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) visit(name, root);
  return [...notices.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function bunNotice(root: string): Notice {
  const page = join(root, "node_modules/bun-types/docs/project/license.mdx");
  return {
    name: "bun",
    version: Bun.version,
    license: "MIT, with parts under LGPL-2.0 (JavaScriptCore) and others",
    covers: "the runtime",
    text: readFileSync(page, "utf8").replace(/^---\n[\s\S]*?\n---\n/, ""),
  };
}

/** The full texts that Debian's copyright files refer to instead of repeating them. */
function referredTexts(notices: readonly Notice[]): string[] {
  const names = new Set<string>();
  for (const { text } of notices) {
    for (const [, name] of text.matchAll(/common-licenses\/([A-Za-z0-9-]+(?:\.\d+)?)/g))
      if (name) names.add(name);
  }
  return [...names].toSorted().filter((name) => existsSync(join(commonLicenses, name)));
}

function chapter(title: string, text: string): string {
  const rule = "=".repeat(80);
  return `\n${rule}\n${title}\n${rule}\n\n${text.trimEnd()}\n`;
}

/** Writes `licenses.txt.zst`: a table of what is embedded, then every notice, then the full texts they refer to. */
export async function writeLicenses(options: Options): Promise<void> {
  const debian = debianNotices(options);
  const npm = npmNotices(options.root);
  const notices = [bunNotice(options.root), ...debian, ...npm];
  const own = readFileSync(join(options.root, "LICENSE"), "utf8");
  const widths = [0, 1, 2].map((column) =>
    Math.max(...notices.map((notice) => [notice.name, notice.version, notice.covers][column]!.length)),
  );
  const line = (...cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const text = [
    "berth is licensed under Apache-2.0. One executable carries these other works with it:",
    "",
    line("NAME", "VERSION", "COVERS", "LICENSE"),
    ...notices.map(({ name, version, covers, license }) => line(name, version, covers, license)),
    "",
    "The programs and libraries are unmodified files of Debian or Ubuntu packages of the versions above; the",
    "sources of exactly these versions are on https://snapshot.debian.org and https://launchpad.net/ubuntu.",
    chapter("berth: Apache-2.0", own),
    ...notices.map(({ name, version, text: notice }) => chapter(`${name} ${version}`, notice)),
    ...referredTexts(debian).map((name) => chapter(name, readFileSync(join(commonLicenses, name), "utf8"))),
  ].join("\n");
  publish(
    join(options.directory, "licenses.txt.zst"),
    Bun.zstdCompressSync(Buffer.from(text), { level: 19 }),
  );
}
