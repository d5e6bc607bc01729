import { readFileSync } from "node:fs";
import { type Configuration, loadConfiguration } from "../base/configuration.ts";
import { type Directories, resolveDirectories } from "../base/directories.ts";
import type { LayerUnpacker, Snapshotter, TreeReader } from "../snapshot/types.ts";
import type { Store } from "../store/store.ts";
import { type Helpers, openHelpers } from "../sys/helpers.ts";
import { detectIdentityMap, type IdentityMap } from "../sys/identity.ts";
import { selfCommand } from "../sys/self-command.ts";
import { ensurePrivateDirectory, unpackHelpers } from "../sys/unpack-helpers.ts";

/** Loaded on first use, and synchronously: `run` starts the container's namespaces before it needs any of them. */
const load = {
  store: () => require("../store/store.ts") as typeof import("../store/store.ts"),
  snapshotter: () => require("../snapshot/snapshotter.ts") as typeof import("../snapshot/snapshotter.ts"),
  treeReader: () => require("../snapshot/tree-reader.ts") as typeof import("../snapshot/tree-reader.ts"),
  unpacker: () => require("../snapshot/layer-unpacker.ts") as typeof import("../snapshot/layer-unpacker.ts"),
};

/** Not by sys/files.ts: most commands never need libc, which takes a third of a millisecond to open. */
const readText = (path: string) => readFileSync(path, "utf8");

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
  #identity: IdentityMap | undefined;
  #helpers: Helpers | undefined;
  #snapshotter: Snapshotter | undefined;
  #unpacker: LayerUnpacker | undefined;
  #treeReader: TreeReader | undefined;
  #store: Store | undefined;
  #readingStore: Store | undefined;

  constructor(env: Readonly<Record<string, string | undefined>>, warn: (message: string) => void) {
    this.env = env;
    this.directories = resolveDirectories(env, process.getuid!());
    this.warn = warn;
  }

  get configuration(): Configuration {
    this.#configuration ??= loadConfiguration(this.directories.configuration, readText);
    return this.#configuration;
  }

  get identity(): IdentityMap {
    this.#identity ??= detectIdentityMap(readText);
    return this.#identity;
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

  get snapshotter(): Snapshotter {
    const { helpers, identity } = this;
    this.#snapshotter ??= load
      .snapshotter()
      .createSnapshotter({ helpers, identity, selfCommand: selfCommand() });
    return this.#snapshotter;
  }

  get unpacker(): LayerUnpacker {
    const { helpers, identity } = this;
    this.#unpacker ??= load.unpacker().createLayerUnpacker({ helpers, identity, selfCommand: selfCommand() });
    return this.#unpacker;
  }

  get treeReader(): TreeReader {
    const { helpers, identity } = this;
    this.#treeReader ??= load
      .treeReader()
      .createTreeReader({ helpers, identity, selfCommand: selfCommand() });
    return this.#treeReader;
  }

  /** The store, for use cases that change it; it is created by the first write. */
  get store(): Store {
    this.#store ??= load.store().Store.open(this.directories.data, { mode: "read-write" });
    return this.#store;
  }

  /** The store, for use cases that only look: nothing is created. */
  get readingStore(): Store {
    if (this.#store !== undefined) return this.#store;
    this.#readingStore ??= load.store().Store.open(this.directories.data, { mode: "read-only" });
    return this.#readingStore;
  }
}
