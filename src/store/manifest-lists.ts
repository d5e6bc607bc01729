import { systemErrorCode } from "../base/errors.ts";
import { hexOf, sha256Of } from "../oci/digest.ts";
import type { Descriptor } from "../oci/types.ts";
import { makeDirectories, namesIn, rename } from "../sys/directory-entries.ts";
import { exists, readText, writeFile } from "../sys/files.ts";
import type { TemporaryDirectory } from "./temporary.ts";

/** A manifest at its registry, and what an index says about it. */
export interface ListedManifest {
  /** Canonical, with a tag or digest. */
  readonly name: string;
  readonly descriptor: Descriptor;
}

/**
 * Manifest lists that are being put together: a directory for each, with a file for each member, so that commands which change
 * different members at the same time do not disturb each other. Names are canonical.
 */
export class ManifestLists {
  readonly #directory: string;
  readonly #temporary: TemporaryDirectory;

  constructor(directory: string, temporary: TemporaryDirectory) {
    this.#directory = directory;
    this.#temporary = temporary;
  }

  has(list: string): boolean {
    return exists(this.#path(list));
  }

  /** The members by name; none where there is no such list. */
  members(list: string): readonly ListedManifest[] {
    const path = this.#path(list);
    let files: string[];
    try {
      files = namesIn(path);
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return [];
      throw error;
    }
    return files
      .map((file): ListedManifest => JSON.parse(readText(`${path}/${file}`)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Adds a member, or replaces the one of its name; makes the list. */
  put(list: string, member: ListedManifest): void {
    const path = this.#path(list);
    using temporary = this.#temporary.reserve("manifest");
    makeDirectories(path);
    writeFile(temporary.path, JSON.stringify(member));
    rename(temporary.path, `${path}/${fileName(member.name)}`);
  }

  remove(list: string): void {
    process.getBuiltinModule("node:fs").rmSync(this.#path(list), { recursive: true, force: true });
  }

  #path(list: string): string {
    return `${this.#directory}/${fileName(list)}`;
  }
}

/** References are longer than file names may be. */
function fileName(name: string): string {
  return hexOf(sha256Of(name));
}
