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
  ["cli/run/begin-early.ts"],
  ["cli/cli.ts", "cli/host.ts"],
  ["engine/context.ts"],
];

/** The executable is for the machine that builds it; so the numbers of its kernel are known. */
export const architecture = { "process.arch": JSON.stringify(process.arch) };

/** Its enums are written where they are used, which only happens to what is bundled at the same time. */
const numbers = "sys/kernel-numbers.ts";

const transpiler = new Bun.Transpiler({ loader: "ts" });

/** Of each file in a chunk: which one, and what the file exports. */
type Places = Map<string, { readonly chunk: string; readonly names: readonly string[] }>;

/** A file and everything that it imports statically, in the order in which it is found, with what each exports. */
async function follow(path: string, found: Map<string, readonly string[]>): Promise<void> {
  if (found.has(path)) return;
  const { imports, exports } = transpiler.scan(await Bun.file(path).text());
  found.set(path, exports);
  for (const each of imports) {
    const file = join(dirname(path), each.path);
    const isStatic = each.kind === "import-statement" && each.path.startsWith(".");
    if (isStatic && !file.endsWith(numbers)) await follow(file, found);
  }
}

/** Bundles files into one that exports all that they do. What is not among them, or `placed` before, stays an import. */
async function bundle(files: ReadonlyMap<string, readonly string[]>, placed: Places): Promise<string> {
  const lines = [...files].map(([path, names]) => `export { ${names.join(", ")} } from "${path}";`);
  const inside: BunPlugin = {
    name: "inside",
    setup(build) {
      build.onResolve({ filter: /^entry$/ }, ({ path }) => ({ path, namespace: "chunk" }));
      build.onLoad({ filter: /./, namespace: "chunk" }, () => ({ contents: lines.join("\n"), loader: "ts" }));
      build.onResolve({ filter: /^[./]/ }, ({ path, importer, kind }) => {
        const file = path.startsWith("/") ? path : join(dirname(importer), path);
        if (kind === "dynamic-import") return { path: file, external: true };
        const place = placed.get(file);
        if (place !== undefined) return { path: place.chunk, external: true };
        return { path: file, external: !files.has(file) && !file.endsWith(numbers) };
      });
    },
  };
  const { outputs } = await Bun.build({
    entrypoints: ["entry"],
    target: "bun",
    format: "esm",
    minify: { syntax: true, whitespace: true },
    define: architecture,
    plugins: [inside],
  });
  return await outputs[0]!.text();
}

/**
 * Splitting makes a chunk of every set of files that the same commands need, and of most files one of their own; each costs
 * every start a look-up and a linkage. So the files that nearly every start needs are put together before.
 */
export async function everydayChunks(root: string): Promise<BunPlugin> {
  const chunks: string[] = [];
  const placed: Places = new Map();
  for (const roots of everyday) {
    const found = new Map<string, readonly string[]>();
    for (const path of roots) await follow(join(root, "src", path), found);
    for (const path of placed.keys()) found.delete(path);
    const chunk = `everyday:${chunks.length}`;
    chunks.push(await bundle(found, placed));
    for (const [path, names] of found) placed.set(path, { chunk, names });
  }
  return {
    name: "everyday-chunks",
    setup(build) {
      build.onResolve({ filter: /^everyday:/ }, ({ path }) => ({ path, namespace: "everyday" }));
      build.onLoad({ filter: /./, namespace: "everyday" }, ({ path }) => ({
        contents: chunks[Number(path.slice("everyday:".length))]!,
        loader: "js",
      }));
      // Not of the entry points: of those the runtime begins with the one that is resolved first.
      build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, importer, kind }) => {
        const place = placed.get(join(dirname(importer), path));
        if (place === undefined || kind !== "import-statement") return undefined;
        return { path: place.chunk, namespace: "everyday" };
      });
      // What is imported when it is needed is a module of its own, which has no more than the file.
      build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const place = placed.get(path);
        if (place === undefined) return undefined;
        return { contents: `export { ${place.names.join(", ")} } from "${place.chunk}";`, loader: "js" };
      });
    },
  };
}
