import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BerthError, type ErrorCode } from "../../src/base/errors.ts";
import { createLayerUnpacker } from "../../src/snapshot/layer-unpacker.ts";
import { removeSnapshotTree } from "../../src/snapshot/remove-snapshot-tree.ts";
import type { WorkerEnvironment } from "../../src/snapshot/run-worker.ts";
import { toByteString } from "../../src/sys/byte-string.ts";
import { AT_FDCWD, fileSyscalls as calls, O } from "../../src/sys/file-syscalls.ts";
import { helpersOnPath } from "../../src/sys/helpers.ts";
import { detectIdentityMap, type IdentityMap } from "../../src/sys/identity.ts";
import { ownMountsCommand, spawnInUserNamespace } from "../../src/sys/namespaces.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** The worker under test: of the compiled executable when the environment names one, else from source. */
const selfCommand = process.env.BERTH_EXECUTABLE
  ? [process.env.BERTH_EXECUTABLE]
  : [process.execPath, join(import.meta.dir, "../../src/main.ts")];

export const detectedIdentity = detectIdentityMap((path) => readFileSync(path, "utf8"));

export const singleIdentity: IdentityMap = {
  mode: "single",
  reason: "the test wants it",
  uids: [{ inside: 0, outside: process.getuid!(), count: 1 }],
  gids: [{ inside: 0, outside: process.getgid!(), count: 1 }],
};

/** Every id mode that this user can have. */
export const identities: readonly IdentityMap[] =
  detectedIdentity.mode === "single" ? [singleIdentity] : [detectedIdentity, singleIdentity];

export interface UnpackOptions {
  readonly diffId?: `sha256:${string}`;
  readonly maximumSize?: number;
}

export interface Unpacked {
  readonly target: string;
  readonly size: number;
  readonly notes: readonly string[];
}

/** What came out: a tree, or the error. */
export type UnpackOutcome =
  | Unpacked
  | { readonly code: ErrorCode; readonly message: string; readonly hint?: string };

/** A store's `tmp/` with a victim beside it, which must never change. */
export class UnpackLab implements AsyncDisposable {
  readonly environment: WorkerEnvironment;
  readonly path: string;
  readonly #directory = temporaryDirectory();
  #count = 0;

  constructor(identity: IdentityMap) {
    this.environment = { helpers: helpersOnPath({}), identity, selfCommand };
    this.path = this.#directory.path;
    mkdirSync(join(this.path, "store"));
    mkdirSync(join(this.path, "victim"));
    writeFileSync(join(this.path, "victim/canary"), "alive");
  }

  newPath(name = "target"): string {
    return join(this.path, "store", `${name}-${this.#count++}`);
  }

  writeBlob(bytes: Uint8Array): string {
    const path = this.newPath("blob");
    writeFileSync(path, bytes);
    return path;
  }

  /** Unpacks an archive whose diff id is right unless the options say otherwise. */
  async unpack(tar: Uint8Array, options: UnpackOptions = {}): Promise<UnpackOutcome> {
    return this.unpackBlob(this.writeBlob(tar), diffIdOf(tar), options);
  }

  async unpackBlob(
    blob: string,
    diffId: `sha256:${string}`,
    options: UnpackOptions & { readonly signal?: AbortSignal } = {},
  ): Promise<UnpackOutcome> {
    return this.unpackAt(this.newPath(), blob, diffId, options);
  }

  async unpackAt(
    target: string,
    blob: string,
    diffId: `sha256:${string}`,
    options: UnpackOptions & { readonly signal?: AbortSignal } = {},
  ): Promise<UnpackOutcome> {
    const { signal, ...rest } = options;
    try {
      const request = { blob, diffId, target, ...rest };
      return { target, ...(await createLayerUnpacker(this.environment).unpack(request, undefined, signal)) };
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      const { code, message, hint } = error;
      return hint === undefined ? { code, message } : { code, message, hint };
    }
  }

  /** Runs a program as root of the same user namespace that the worker had; gives its stdout as latin1. */
  async asRoot(...argv: readonly string[]): Promise<string> {
    const { helpers, identity } = this.environment;
    const { child, mapped, release } = spawnInUserNamespace({
      helpers,
      identity,
      // By its path: busybox would take a bare name for one of its own programs.
      argv: ownMountsCommand(helpers, [Bun.which(argv[0]!) ?? argv[0]!, ...argv.slice(1)]),
      env: process.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout as ReadableStream<Uint8Array>).bytes(),
      new Response(child.stderr as ReadableStream<Uint8Array>).text(),
      child.exited,
      mapped,
    ]);
    release();
    if (code !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
    return Buffer.from(stdout).toString("latin1");
  }

  /** Path, type, mode, owner, size and time of all that is in a tree, as lines sorted by path. */
  async list(path: string, format = "%P %y %04m %U:%G %s %T@ %l"): Promise<string[]> {
    const text = await this.asRoot("find", path, "-printf", `${format}\\0`);
    return text.split("\0").filter(Boolean).sort();
  }

  /** The extended attributes of a file that the caller may read, values as latin1. */
  attributes(path: string): Readonly<Record<string, string>> {
    const fd = calls.open(AT_FDCWD, toByteString(path), O.RDONLY);
    if (fd < 0) throw new Error(`cannot open ${path}: errno ${-fd}`);
    const names = calls.listAttributes(fd);
    if (typeof names === "number") throw new Error(`cannot list attributes of ${path}: errno ${-names}`);
    const values = names.map((name) => {
      const value = calls.getAttribute(fd, name);
      return [name, typeof value === "number" ? `errno ${-value}` : value.toString("latin1")] as const;
    });
    calls.close(fd);
    return Object.fromEntries(values);
  }

  /** What is beside the store: nothing but the untouched victim, if all is well. */
  outside(): { readonly names: readonly string[]; readonly canary: string } {
    const list = (path: string) => readdirSync(path).filter((name) => name !== "store");
    const names = [...list(this.path), ...list(join(this.path, "victim")).map((name) => `victim/${name}`)];
    return {
      names: names.sort(),
      canary: readFileSync(join(this.path, "victim/canary"), "utf8"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeSnapshotTree(this.environment, this.path);
  }
}

export function diffIdOf(tar: Uint8Array): `sha256:${string}` {
  return `sha256:${new Bun.CryptoHasher("sha256").update(tar).digest("hex")}`;
}

/** Narrows to a success; fails with the refusal otherwise. */
export function expectUnpacked(outcome: UnpackOutcome): Unpacked {
  if ("target" in outcome) return outcome;
  throw new Error(`refused: ${outcome.code}: ${outcome.message}`);
}
