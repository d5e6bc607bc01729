import { join } from "node:path";
import type { BunPlugin } from "bun";
import type { BuiltinImageManifest, HelperManifest } from "../../src/sys/embedded.ts";
import { architecture, everydayChunks } from "./everyday-chunks.ts";

export interface CompileOptions {
  readonly root: string;
  /** Directory with the files to embed. */
  readonly assets: string;
  readonly outfile: string;
  readonly helpers: HelperManifest;
  readonly image: BuiltinImageManifest;
  /** Commit the sources were at, if known. */
  readonly commit: string | undefined;
  /** ISO 8601; only when SOURCE_DATE_EPOCH says which, so that the same sources give the same executable. */
  readonly date: string | undefined;
}

/** ink, below @oclif/table, can talk to React's developer tools, which are not among its dependencies. */
const withoutDeveloperTools: BunPlugin = {
  name: "without-developer-tools",
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: "empty" }));
    build.onLoad({ filter: /.*/, namespace: "empty" }, () => ({
      contents: "export default {};",
      loader: "js",
    }));
  },
};

/**
 * The processes that stand between a person and a program start as one piece each: a chunk that is shared with other
 * parts of berth costs each of them a look-up and a linkage, and these share nothing with what runs in them.
 */
async function rolesInOnePiece(root: string): Promise<BunPlugin> {
  const pieces = new Map<string, string>();
  for (const role of ["init", "joiner"]) {
    const path = join(root, `src/container/${role}.ts`);
    const { outputs } = await Bun.build({
      entrypoints: [path],
      target: "bun",
      format: "esm",
      minify: true,
      define: architecture,
    });
    const piece = await outputs[0]!.text();
    const slow = new Bun.Transpiler().scanImports(piece).find((each) => each.path !== "bun:ffi");
    if (slow) throw new Error(`${role}.ts would load ${slow.path} at every start`);
    pieces.set(path, piece);
  }
  return {
    name: "roles-in-one-piece",
    setup(build) {
      build.onLoad({ filter: /\/src\/container\/(init|joiner)\.ts$/ }, ({ path }) => ({
        contents: pieces.get(path)!,
        loader: "js",
      }));
    },
  };
}

/** Bundles src/main.ts with the assets into one executable. */
export async function compile(options: CompileOptions): Promise<void> {
  const assets = ["helpers.bundle", "builtin-image.tar", "licenses.txt.zst"];
  const result = await Bun.build({
    entrypoints: [join(options.root, "src/main.ts"), ...assets.map((name) => join(options.assets, name))],
    root: options.root,
    target: "bun",
    format: "esm",
    splitting: true,
    bytecode: true,
    minify: true,
    sourcemap: "none",
    plugins: [withoutDeveloperTools, await rolesInOnePiece(options.root), await everydayChunks(options.root)],
    loader: { ".bundle": "file", ".tar": "file", ".zst": "file" },
    naming: { asset: "[name].[ext]" },
    define: {
      ...architecture,
      "process.env.NODE_ENV": '"production"',
      "process.env.DEV": '"false"',
      BERTH_EMBEDDED: JSON.stringify({ helpers: options.helpers, image: options.image }),
      BERTH_BUILD: JSON.stringify({ commit: options.commit, date: options.date }),
    },
    // What lies in the directory that berth happens to be called from is not its configuration.
    compile: {
      outfile: options.outfile,
      // A command is over before compiled code would pay; what runs for long has it all the same.
      jitPolicy: 8,
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
  if (!result.success) throw new AggregateError(result.logs, "bundling failed");
}
