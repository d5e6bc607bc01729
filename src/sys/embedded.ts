/** What the build knows about the bundle of helper programs, so that nobody has to open it to use what was unpacked. */
export interface HelperManifest {
  /** SHA-256 of the bundle, hex. */
  readonly digest: string;
  /** File name of the dynamic loader among the unpacked files. */
  readonly loader: string;
  /** How each program is started: by itself, or through the loader. */
  readonly programs: Readonly<Record<string, "dynamic" | "static">>;
}

export interface BuiltinImageManifest {
  /** SHA-256 of the archive, hex. */
  readonly digest: string;
  /** `builtin.berth/busybox:latest` */
  readonly reference: string;
  /** Digest of the image's manifest in the archive; tells whether a store has this very image. */
  readonly manifestDigest: `sha256:${string}`;
}

/** A file that came with the executable. */
export interface EmbeddedFile {
  read(): Uint8Array;
}

/** Set by scripts/packaging/compile.ts; absent when run from source. */
declare const BERTH_EMBEDDED: { helpers: HelperManifest; image: BuiltinImageManifest } | undefined;

const inExecutable = typeof BERTH_EMBEDDED !== "undefined" ? BERTH_EMBEDDED : undefined;

/** Bun's directory of embedded files in an executable; from source, where scripts/build leaves its results. */
const directory = inExecutable !== undefined ? "/$bunfs/root" : `${import.meta.dir}/../../dist/assets`;

/** Loaded by those who read: all others start without it. */
const fs = () => process.getBuiltinModule("node:fs");

function file(name: string): EmbeddedFile {
  return { read: () => fs().readFileSync(`${directory}/${name}`) };
}

function manifestFromBuild(name: string): unknown {
  const path = `${directory}/${name}`;
  return fs().existsSync(path) ? JSON.parse(fs().readFileSync(path, "utf8")) : undefined;
}

/** The bundle of helper programs (`helper-bundle.ts`); undefined when run from source without a build. */
export function embeddedHelpersArchive(): (EmbeddedFile & HelperManifest) | undefined {
  const manifest = inExecutable?.helpers ?? (manifestFromBuild("helpers.json") as HelperManifest | undefined);
  return manifest && { ...manifest, ...file("helpers.bundle") };
}

/** The built-in image as a tar archive of an OCI image layout; undefined when run from source without a build. */
export function embeddedImageArchive(): (EmbeddedFile & BuiltinImageManifest) | undefined {
  const manifest =
    inExecutable?.image ?? (manifestFromBuild("builtin-image.json") as BuiltinImageManifest | undefined);
  return manifest && { ...manifest, ...file("builtin-image.tar") };
}

/** The notices of everything embedded, as zstd-compressed text; undefined when run from source without a build. */
export function embeddedLicenses(): EmbeddedFile | undefined {
  const present = inExecutable !== undefined || fs().existsSync(`${directory}/licenses.txt.zst`);
  return present ? file("licenses.txt.zst") : undefined;
}
