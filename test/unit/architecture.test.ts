import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const src = join(import.meta.dir, "../../src");
const ranks: readonly (readonly string[])[] = [
  ["base"],
  ["oci", "sys"],
  ["archive", "store", "registry", "network"],
  ["snapshot", "image"],
  ["container", "build"],
  ["engine"],
  ["cli"],
];

/** Packages and globals that only one folder may touch. */
const walls: readonly { readonly what: RegExp; readonly only: string }[] = [
  { what: /from "bun:ffi"|import\("bun:ffi"\)/, only: "sys" },
  { what: /from "bun:sqlite"|import\("bun:sqlite"\)/, only: "store" },
  { what: /(?<![.\w])fetch\(/, only: "registry" },
  { what: /"(citty|consola(\/\w+)?|@oclif\/table)"/, only: "cli" },
  { what: /"tar-stream"/, only: "archive" },
  { what: /process\.exit\(/, only: "main.ts" },
];

/** Built-in modules that take milliseconds to load: 11 for node:crypto, 5 for node:zlib, 3 for node:tty, 1 for node:util. */
const slow: readonly { readonly what: RegExp; readonly only: readonly string[] }[] = [
  { what: /from "node:(crypto|tty|util|stream|child_process|net|http|https)"/, only: [] },
  { what: /from "node:zlib"/, only: ["archive"] },
];

/**
 * What these ways load when they are gone, by what they import statically and what they then import for their work: node:fs,
 * node:path and node:os take a millisecond and a half, which is a twentieth of a start (sys/files.ts has what is needed of them).
 */
const everyday: Readonly<Record<string, readonly string[]>> = {
  "every command": [
    "main.ts",
    "cli/cli.ts",
    "cli/host.ts",
    "sys/exit-now.ts",
    "engine/context.ts",
    "store/store.ts",
  ],
  pull: ["cli/commands/pull.ts", "engine/pull.ts", "cli/pull-lines.ts", "oci/reference.ts"],
  images: ["cli/commands/images.ts", "engine/images.ts"],
  history: ["cli/commands/history.ts", "engine/history.ts"],
  inspect: [
    "cli/commands/inspect.ts",
    "engine/inspect-container.ts",
    "engine/inspect-image.ts",
    "engine/volumes.ts",
  ],
  ps: ["cli/commands/ps.ts", "engine/containers.ts"],
  "what begins before a run": [
    "cli/run/begin-early.ts",
    "engine/head-start.ts",
    "engine/container-streams.ts",
    "engine/monitor/monitor-process.ts",
  ],
  run: [
    "cli/commands/run.ts",
    "engine/note-single-identity.ts",
    "engine/run.ts",
    "engine/ready-container.ts",
    "engine/network/container-network.ts",
    "snapshot/snapshotter.ts",
    "snapshot/remove-snapshot-tree.ts",
  ],
  "run -d": [
    "engine/run-monitored.ts",
    "engine/prepare-start.ts",
    "cli/run/attach-option.ts",
    "cli/run/detach-keys-option.ts",
  ],
  "a monitor": ["engine/monitor/begin-container.ts", "engine/monitor/monitor-main.ts"],
  exec: ["cli/commands/exec.ts", "engine/exec.ts"],
  stop: ["cli/commands/stop.ts", "engine/stop-container.ts"],
  rm: ["cli/commands/rm.ts", "engine/remove-container.ts"],
  logs: ["cli/commands/logs.ts", "engine/logs.ts"],
};

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const folderOf = (file: string) => file.split("/")[0]!;
const rankOf = (file: string) => {
  if (!file.includes("/")) return ranks.length;
  const rank = ranks.findIndex((folders) => folders.includes(folderOf(file)));
  if (rank === -1) throw new Error(`src/${file} is in a folder without a rank`);
  return rank;
};

/** Code without comments, so that a sentence about `fetch(` is not a use of it. */
const codeOf = (file: string) =>
  readFileSync(join(src, file), "utf8").replace(/\/\*[\s\S]*?\*\/|(?<![:"'`])\/\/.*$/gm, "");

const importsOf = (file: string) =>
  [...codeOf(file).matchAll(/(?:from|import\(|import)\s*"(\.[^"]+)"/g)].map((match) =>
    relative(src, join(src, dirname(file), match[1]!)),
  );

/** What a file imports when it is loaded: its own kind by path, built-in modules and packages by name. */
const loadedBy = (file: string) =>
  [...codeOf(file).matchAll(/^(?:import|export)\s(?!type\b)(?:[^;"]*?\sfrom\s*)?"([^"]+)"/gm)].map(
    ([, target]) => (target!.startsWith(".") ? relative(src, join(src, dirname(file), target!)) : target!),
  );

test("imports go strictly downward or stay in their folder", () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const target of importsOf(file)) {
      if (target.startsWith("..")) continue; // package.json and built assets
      if (folderOf(file) === folderOf(target) && file.includes("/")) continue;
      if (rankOf(target) >= rankOf(file)) wrong.push(`src/${file} imports src/${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("walls stand", () => {
  const wrong: string[] = [];
  for (const file of files) {
    const code = codeOf(file);
    for (const wall of walls) {
      if (wall.what.test(code) && folderOf(file) !== wall.only)
        wrong.push(`src/${file} has ${wall.what.source}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("no slow built-in module is loaded where a faster way exists", () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const { what, only } of slow) {
      if (what.test(codeOf(file)) && !only.includes(folderOf(file)))
        wrong.push(`src/${file} has ${what.source}`);
    }
  }
  expect(wrong).toEqual([]);
});

test.each(Object.entries(everyday))("%s loads no module of Node's", (_, roots) => {
  const wrong: string[] = [];
  const seen = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const target of loadedBy(file)) {
      if (target.startsWith("node:")) wrong.push([...path, file, target].join(" -> "));
      if (files.includes(target)) visit(target, [...path, file]);
    }
  };
  for (const root of roots) {
    expect(files).toContain(root);
    visit(root, []);
  }
  expect(wrong).toEqual([]);
});

test("no file is part of a circle of imports", () => {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    state.set(file, "open");
    for (const target of importsOf(file)) if (files.includes(target)) visit(target, [...path, file]);
    state.set(file, "done");
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});
