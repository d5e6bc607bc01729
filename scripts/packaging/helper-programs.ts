import { accessSync, constants, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { embeddedHelpers } from "../../src/base/configuration.ts";

/** A file of the bundle: `name` is its name in the flat directory it is unpacked to. */
export interface HelperFile {
  readonly name: string;
  /** Where it was found on the machine that builds. */
  readonly source: string;
}

export interface HelperPrograms {
  readonly files: readonly HelperFile[];
  /** File name of the dynamic loader, e.g. `ld-linux-x86-64.so.2`. */
  readonly loader: string;
  /** Whether a program is started through the loader or by itself. */
  readonly programs: Readonly<Record<string, "dynamic" | "static">>;
}

/**
 * `prefix` is a directory that Debian packages were unpacked to (`dpkg -x`) because they are not installed,
 * or undefined. What is installed on the machine is preferred.
 */
export function findProgram(name: string, prefix: string | undefined): string {
  const systemDirectories = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
  const directories = [
    ...systemDirectories,
    ...(prefix === undefined ? [] : systemDirectories.map((directory) => join(prefix, directory))),
  ];
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this directory
    }
  }
  throw new Error(`${name} is not installed; ./scripts/setup gets what is needed`);
}

/** Lines of `ldd`: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)` and `/lib64/ld-linux-x86-64.so.2 (0x…)`. */
export function parseLdd(output: string, program: string): { libraries: HelperFile[]; loader: HelperFile } {
  const libraries: HelperFile[] = [];
  let loader: HelperFile | undefined;
  for (const line of output.split("\n")) {
    const [left, right] = line.trim().split(" => ");
    if (left === undefined || left === "") continue;
    if (right === undefined) {
      const path = left.replace(/ \(0x[0-9a-f]+\)$/, "");
      if (path.startsWith("/")) loader = { name: basename(path), source: path };
      continue;
    }
    const path = right.replace(/ \(0x[0-9a-f]+\)$/, "");
    if (!path.startsWith("/")) throw new Error(`${program} needs ${left}, which is not installed`);
    libraries.push({ name: basename(left), source: path });
  }
  if (loader === undefined) throw new Error(`ldd names no dynamic loader for ${program}`);
  return { libraries, loader };
}

function isDynamic(path: string): boolean {
  // PT_INTERP holds the path of the loader as a plain string near the start of the file.
  return readFileSync(path).subarray(0, 4096).includes("/ld-linux");
}

function libraryDirectories(prefix: string | undefined): string {
  if (prefix === undefined) return "";
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  return ["usr/lib", "lib"].map((directory) => join(prefix, directory, triplet)).join(":");
}

/** Finds every program with the closure of its shared libraries and the loader, sorted by name. */
export function findHelperPrograms(prefix: string | undefined): HelperPrograms {
  const files = new Map<string, HelperFile>();
  const programs: Record<string, "dynamic" | "static"> = {};
  let loader: string | undefined;
  for (const name of embeddedHelpers) {
    const source = findProgram(name, prefix);
    files.set(name, { name, source: realpathSync(source) });
    programs[name] = isDynamic(source) ? "dynamic" : "static";
    if (programs[name] === "static") continue;
    const ldd = Bun.spawnSync(["ldd", source], {
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C", LD_LIBRARY_PATH: libraryDirectories(prefix) },
    });
    if (!ldd.success) throw new Error(`ldd ${source} failed: ${ldd.stderr.toString().trim()}`);
    const found = parseLdd(ldd.stdout.toString(), name);
    for (const file of [...found.libraries, found.loader]) {
      files.set(file.name, { name: file.name, source: realpathSync(file.source) });
    }
    loader = found.loader.name;
  }
  if (loader === undefined) throw new Error("no helper program is dynamically linked");
  const sorted = [...files.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { files: sorted, loader, programs };
}
