import { type Configuration, loadConfiguration } from "../base/configuration.ts";
import { type Directories, ofOwnSession, resolveDirectories } from "../base/directories.ts";
import type { WorkerEnvironment } from "../snapshot/run-worker.ts";
import type { LayerUnpacker, Snapshotter, TreeReader } from "../snapshot/types.ts";
import { Store } from "../store/store.ts";
import { readTextIfThere, statusIfThere } from "../sys/files.ts";
import { type Helpers, openHelpers } from "../sys/helpers.ts";
import { ownIdentityMap, type IdentityMap } from "../sys/identity.ts";
import { selfCommand } from "../sys/self-command.ts";
import { ensurePrivateDirectory, unpackHelpers } from "../sys/unpack-helpers.ts";

/**
 * What every use case gets. Everything is made on first use, because a command pays only for what it needs.
 * Use cases are functions `(context, options) => result` in `engine/<use-case>.ts`; they print nothing and never exit.
 */
export class EngineContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directories: Directories;
  /** Receives one-line warnings for the person; the CLI prints them to stderr. */
  readonly warn: (message: string) => void;
  #configuration: Configuration | undefined;
  #helpers: Helpers | undefined;
  #store: Store | undefined;
  #readingStore: Store | undefined;

  constructor(env: Readonly<Record<string, string | undefined>>, warn: (message: string) => void) {
    const uid = process.getuid!();
    this.env = ofOwnSession(env, uid, (path) => statusIfThere(path)?.uid === uid);
    this.directories = resolveDirectories(this.env, uid);
    this.warn = warn;
  }

  get configuration(): Configuration {
    this.#configuration ??= loadConfiguration(this.directories.configuration, readTextIfThere);
    return this.#configuration;
  }

  get identity(): IdentityMap {
    return ownIdentityMap();
  }

  get helpers(): Helpers {
    this.#helpers ??= openHelpers({
      dataDirectory: this.directories.data,
      runtimeDirectory: this.directories.runtime,
      configured: this.configuration.helpers,
      unpacking: { unpackHelpers, ensurePrivateDirectory },
    });
    return this.#helpers;
  }

  /** What works on trees of files is loaded with its first use: most commands leave them as they are. */
  readonly snapshotter: Snapshotter = {
    prepareRoot: async (request) => (await this.#loadSnapshotter()).prepareRoot(request),
    removeTree: async (path) => (await this.#loadSnapshotter()).removeTree(path),
  };

  readonly unpacker: LayerUnpacker = {
    unpack: async (...request) => (await this.#loadUnpacker()).unpack(...request),
    complete: async (...request) => (await this.#loadUnpacker()).complete(...request),
  };

  readonly treeReader: TreeReader = {
    difference: async (...request) => (await this.#loadTreeReader()).difference(...request),
    writeLayer: async (...request) => (await this.#loadTreeReader()).writeLayer(...request),
    squash: async (...request) => (await this.#loadTreeReader()).squash(...request),
    archive: (...request) => this.#archive(...request),
  };

  /** The store, for use cases that change it; it is created by the first write. */
  get store(): Store {
    this.#store ??= Store.open(this.directories.data, { mode: "read-write" });
    return this.#store;
  }

  /** The store, for use cases that only look: nothing is created. */
  get readingStore(): Store {
    if (this.#store !== undefined) return this.#store;
    this.#readingStore ??= Store.open(this.directories.data, { mode: "read-only" });
    return this.#readingStore;
  }

  get #workers(): WorkerEnvironment {
    return { helpers: this.helpers, identity: this.identity, selfCommand: selfCommand() };
  }

  async #loadSnapshotter() {
    return (await import("../snapshot/snapshotter.ts")).createSnapshotter(this.#workers);
  }

  async #loadUnpacker() {
    return (await import("../snapshot/layer-unpacker.ts")).createLayerUnpacker(this.#workers);
  }

  async #loadTreeReader() {
    return (await import("../snapshot/tree-reader.ts")).createTreeReader(this.#workers);
  }

  async *#archive(...request: Parameters<TreeReader["archive"]>) {
    yield* (await this.#loadTreeReader()).archive(...request);
  }
}
