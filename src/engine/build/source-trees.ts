import { messageOf } from "../../base/errors.ts";
import { contentDigest } from "../../build/copy/content-digest.ts";
import type { ContentDigest, TreeItem } from "../../build/copy/protocol.ts";
import { DockerfileError } from "../../build/dockerfile-error.ts";
import type { Source } from "../../build/plan/types.ts";
import { isBerthError } from "../../base/errors.ts";
import { fileSyscalls as calls } from "../../sys/file-syscalls.ts";
import { askBuildWorker } from "./build-worker.ts";
import { openTree } from "./host-tree.ts";
import { type BuildEnvironment, directoriesOf, keyOfFiles, type StageFiles } from "./build-environment.ts";

/** Where files are that COPY or a mount takes. */
export type SourceTree = Pick<TreeItem, "roots" | "ignore" | "keepOwners"> & {
  /** Equal keys mean equal trees; undefined for files of the host, which only their content tells. */
  readonly key?: string;
};

export type FilesOf = (source: Exclude<Source, { kind: "context" | "named" }>) => Promise<StageFiles>;

/** The trees behind `--from` and the build context. */
export class SourceTrees {
  readonly #build: BuildEnvironment;
  /** The files of a stage or an image, once they are there. */
  readonly #filesOf: FilesOf;
  readonly #named: ReadonlyMap<string, NamedTree>;
  #announced = false;

  constructor(build: BuildEnvironment, filesOf: FilesOf, named: ReadonlyMap<string, NamedTree>) {
    this.#build = build;
    this.#filesOf = filesOf;
    this.#named = named;
  }

  async tree(source: Source): Promise<SourceTree> {
    if (source.kind === "context") {
      const { directory, ignore } = this.#build.files;
      if (directory === undefined)
        throw new DockerfileError("there is no build context: the Dockerfile came from stdin alone");
      return { roots: [directory], ignore, keepOwners: false };
    }
    if (source.kind === "named") {
      const { directory, ignore } = this.#named.get(source.name)!;
      return { roots: [directory], ignore, keepOwners: false };
    }
    return this.#layers(await this.#filesOf(source));
  }

  #layers(files: StageFiles): SourceTree {
    return {
      roots: directoriesOf(this.#build, files),
      ignore: [],
      keepOwners: true,
      key: keyOfFiles(files),
    };
  }

  /** A digest of what items select: here if the user may read it all, otherwise by a worker. Throws `not-found`. */
  async digest(items: readonly TreeItem[]): Promise<ContentDigest> {
    try {
      const result = await this.#digest(items);
      this.#announce(items, result.size);
      return result;
    } catch (error) {
      if (!isBerthError(error, "not-found")) throw error;
      throw new DockerfileError(
        `failed to compute cache key: failed to calculate checksum of ref: ${messageOf(error)}`,
        undefined,
        { cause: error },
      );
    }
  }

  async #digest(items: readonly TreeItem[]): Promise<ContentDigest> {
    const { context, signal } = this.#build;
    try {
      return digestHere(items);
    } catch (error) {
      if (!isBerthError(error, "denied")) throw error;
      return await askBuildWorker(context, { kind: "digest", items }, signal);
    }
  }

  /** The build context is told of once, with the first that is read of it. */
  #announce(items: readonly TreeItem[], size: number): void {
    const { directory } = this.#build.files;
    if (this.#announced || !items.some(({ roots }) => roots[0] === directory)) return;
    this.#announced = true;
    const vertex = this.#build.progress.begin("[internal] load build context");
    vertex.part("transferring context:", { current: size, isOver: true });
    vertex.done();
  }
}

/** Files of the host that the Dockerfile knows by a name. */
export interface NamedTree {
  readonly directory: string;
  readonly ignore: readonly string[];
}

function digestHere(items: readonly TreeItem[]): ContentDigest {
  const opened: number[] = [];
  try {
    return contentDigest(calls, items, (roots) => openTree(roots, opened));
  } finally {
    for (const fd of opened) calls.close(fd);
  }
}
