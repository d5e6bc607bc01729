import { dirname, join } from "node:path";
import type { BunPlugin } from "bun";

/** What every start needs, or the next best thing: each with all that it imports and that is not above. Below src. */
const everyday: readonly (readonly string[])[] = [
  [
    "base/configuration.ts",
    "base/directories.ts",
    "sys/helpers.ts",
    "sys/identity.ts",
    "sys/self-command.ts",
  ],
  ["cli/run/begin-early.ts", "engine/head-start.ts", "engine/container-streams.ts"],
  ["cli/cli.ts", "cli/host.ts"],
  ["engine/context.ts"],
];

const transpiler = new Bun.Transpiler({ loader: "ts" });

interface Chunk {
  readonly text: string;
  /** Of each file in it, by its path: what the chunk exports for it, as `export { … }` has it. */
  readonly exports: ReadonlyMap<string, string>;
}

/** A file and everything that it imports statically, in the order in which it is found, with what each exports. */
async function follow(path: string, found: Map<string, readonly string[]>): Promise<void> {
  if (found.has(path)) return;
  const { imports, exports } = transpiler.scan(await Bun.file(path).text());
  found.set(path, exports);
  for (const each of imports) {
    const isStatic = each.kind === "import-statement" && each.path.startsWith(".");
    if (isStatic) await follow(join(dirname(path), each.path), found);
  }
}

/** Bundles files into one, with names that differ from file to file. What is not among them stays an import. */
async function bundle(files: ReadonlyMap<string, readonly string[]>): Promise<Chunk> {
  const exports = new Map<string, string>();
  const lines: string[] = [];
  for (const [path, names] of files) {
    const prefix = `file${exports.size}_`;
    exports.set(path, names.map((name) => `${prefix}${name} as ${name}`).join(", "));
    lines.push(`export { ${names.map((name) => `${name} as ${prefix}${name}`).join(", ")} } from "${path}";`);
  }
  const inside: BunPlugin = {
    name: "inside",
    setup(build) {
      build.onResolve({ filter: /^entry$/ }, ({ path }) => ({ path, namespace: "chunk" }));
      build.onLoad({ filter: /./, namespace: "chunk" }, () => ({ contents: lines.join("\n"), loader: "ts" }));
      build.onResolve({ filter: /^[./]/ }, ({ path, importer, kind }) => {
        const file = path.startsWith("/") ? path : join(dirname(importer), path);
        return { path: file, external: kind === "dynamic-import" || !files.has(file) };
      });
    },
  };
  const { outputs } = await Bun.build({
    entrypoints: ["entry"],
    target: "bun",
    format: "esm",
    minify: { syntax: true, whitespace: true },
    plugins: [inside],
  });
  return { text: await outputs[0]!.text(), exports };
}

/**
 * Splitting makes a chunk of every set of files that the same commands need, and of most files one of their own; each costs
 * every start a look-up and a linkage. So the files that nearly every start needs are put together before.
 */
export async function everydayChunks(root: string): Promise<BunPlugin> {
  const chunks: Chunk[] = [];
  const placed = new Map<string, number>();
  for (const roots of everyday) {
    const found = new Map<string, readonly string[]>();
    for (const path of roots) await follow(join(root, "src", path), found);
    for (const path of placed.keys()) found.delete(path);
    for (const path of found.keys()) placed.set(path, chunks.length);
    chunks.push(await bundle(found));
  }
  return {
    name: "everyday-chunks",
    setup(build) {
      build.onResolve({ filter: /^everyday:/ }, ({ path }) => ({ path, namespace: "everyday" }));
      build.onLoad({ filter: /./, namespace: "everyday" }, ({ path }) => ({
        contents: chunks[Number(path.slice("everyday:".length))]!.text,
        loader: "js",
      }));
      build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const index = placed.get(path);
        if (index === undefined) return undefined;
        return {
          contents: `export { ${chunks[index]!.exports.get(path)} } from "everyday:${index}";`,
          loader: "js",
        };
      });
    },
  };
}
