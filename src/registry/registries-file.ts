import { configurationHome } from "../base/directories.ts";
import { BerthError, messageOf } from "../base/errors.ts";
import { join } from "../base/posix-path.ts";
import { namesIn } from "../sys/directory-entries.ts";
import { exists, readTextIfThere } from "../sys/files.ts";

/** Where content of a registry may be had as well (containers-registries.conf(5), `[[registry.mirror]]`). */
export interface MirrorEntry {
  /** `host[:port][/namespace]`, in place of the prefix */
  readonly location: string;
  readonly insecure: boolean;
  readonly pull: "all" | "digest-only" | "tag-only";
}

/** One `[[registry]]`. */
export interface RegistryEntry {
  /** `host[:port][/namespace[/repository]]`, or `*.example.com` */
  readonly prefix: string;
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly MirrorEntry[];
  /** Who says so, for messages. */
  readonly file: string;
}

/** What the files of containers-registries.conf(5), version 2, say together. */
export interface RegistriesConfiguration {
  readonly registries: readonly RegistryEntry[];
  /** Where names without a registry are looked for, in this order; empty: Docker Hub. */
  readonly search: readonly string[];
  readonly aliases: Aliases;
}

/** Distributions ship hundreds of them: only the one that is asked for is looked at. */
export interface Aliases {
  /**
   * The repository with its registry that a short name stands for, and who says so; empty where a file takes back what those
   * before it said. Throws `invalid-argument` where it is none.
   */
  get(name: string): { readonly target: string; readonly file: string } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The files in the order in which they are read, each with what it may override: `CONTAINERS_REGISTRIES_CONF`, or the user's
 * file, or the system's; then the drop-ins of the system, unless the user's file is there instead, and those of the user
 * (containers-registries.conf.d(5)).
 */
export function registriesFiles(env: Environment, system = "/etc/containers"): readonly string[] {
  const own = join(configurationHome(env), "containers");
  const ownFile = join(own, "registries.conf");
  const named = env.CONTAINERS_REGISTRIES_CONF;
  const isOwn = !named && isReadable(ownFile);
  const files = [named || (isOwn ? ownFile : join(system, "registries.conf"))];
  for (const directory of isOwn ? [own] : [system, own]) {
    const dropIns = join(directory, "registries.conf.d");
    for (const name of entriesOf(dropIns)) if (name.endsWith(".conf")) files.push(join(dropIns, name));
  }
  return files;
}

function isReadable(path: string): boolean {
  return readOptional(path) !== undefined;
}

function entriesOf(directory: string): string[] {
  if (!exists(directory)) return [];
  try {
    return namesIn(directory).sort();
  } catch {
    return [];
  }
}

function readOptional(path: string): string | undefined {
  try {
    return readTextIfThere(path);
  } catch (error) {
    throw new BerthError("invalid-argument", `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Reads the files that are there. Throws `invalid-argument` with the file's name. */
export function loadRegistriesConfiguration(env: Environment): RegistriesConfiguration {
  const files: Partial<RegistriesConfiguration>[] = [];
  for (const path of registriesFiles(env)) {
    const text = readOptional(path);
    if (text !== undefined) files.push(readRegistries(text, path));
  }
  return mergeRegistries(files);
}

/**
 * The files that distributions ship say nothing but comments and short names, of which there are many: those are parsed when
 * a short name is looked for.
 */
function readRegistries(text: string, path: string): Partial<RegistriesConfiguration> {
  const start = firstStatement(text);
  if (start === -1) return {};
  const namesAlone = text.startsWith("[aliases]", start) && !text.includes("[", start + 1);
  if (!namesAlone) return parseRegistries(text, path);
  return { aliases: { get: (name) => parseRegistries(text, path).aliases?.get(name) } };
}

/** Where the first line begins that is neither empty nor a comment; -1: there is none. */
function firstStatement(text: string): number {
  for (let start = 0, at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "#") at = text.indexOf("\n", at);
    else if (character.trim() !== "") return start;
    if (at === -1) break;
    if (text[at] === "\n") start = at + 1;
  }
  return -1;
}

/** A later file overrides entries of the same prefix, aliases of the same name, and the list of registries to search. */
export function mergeRegistries(files: readonly Partial<RegistriesConfiguration>[]): RegistriesConfiguration {
  const byPrefix = new Map<string, RegistryEntry>();
  let search: readonly string[] = [];
  for (const file of files) {
    for (const entry of file.registries ?? []) byPrefix.set(entry.prefix, entry);
    search = file.search ?? search;
  }
  const registries: RegistryEntry[] = [];
  for (const entry of byPrefix.values()) registries.push(entry);
  return {
    registries,
    search,
    aliases: {
      get(name) {
        for (const { aliases } of files.toReversed()) {
          const alias = aliases?.get(name);
          if (alias !== undefined) return alias;
        }
        return undefined;
      },
    },
  };
}

const location = /^(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?(?:\/[\w./-]+)?$/;
const wildcard = /^\*\.[a-zA-Z0-9.-]+$/;

/** Parses one file. What is not of version 2, or says something that berth does not know, is refused by name. */
export function parseRegistries(text: string, path: string): Partial<RegistriesConfiguration> {
  const refuse = (what: string) => new BerthError("invalid-argument", `${path}: ${what}`);
  let document: Record<string, unknown>;
  try {
    document = Bun.TOML.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw refuse(`not valid TOML: ${messageOf(error)}`);
  }
  if (document.registries !== undefined)
    throw refuse("version 1 of registries.conf, with [registries.…], is not supported");
  const tables = (value: unknown, where: string): readonly Record<string, unknown>[] => {
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every((item) => typeof item === "object" && item !== null))
      return value;
    throw refuse(`${where} must be a list of tables`);
  };
  const flag = (value: unknown, where: string): boolean => {
    if (value === undefined || typeof value === "boolean") return value ?? false;
    throw refuse(`${where} must be true or false`);
  };
  const place = (value: unknown, where: string): string => {
    const trimmed = typeof value === "string" ? value.replace(/\/+$/, "") : "";
    if (location.test(trimmed)) return trimmed;
    throw refuse(`${where} must be host[:port][/namespace], without scheme, but is ${JSON.stringify(value)}`);
  };
  const mirror = (item: Record<string, unknown>, digestOnly: boolean): MirrorEntry => {
    const pull = item["pull-from-mirror"] ?? (digestOnly ? "digest-only" : "all");
    if (pull !== "all" && pull !== "digest-only" && pull !== "tag-only")
      throw refuse(`pull-from-mirror must be all, digest-only or tag-only, but is ${JSON.stringify(pull)}`);
    return {
      location: place(item.location, "location of a mirror"),
      insecure: flag(item.insecure, "insecure of a mirror"),
      pull,
    };
  };
  const registries = tables(document.registry, "registry").map((item): RegistryEntry => {
    const named = item.prefix === undefined || item.prefix === "" ? item.location : item.prefix;
    const isWildcard = typeof named === "string" && wildcard.test(named);
    const prefix = isWildcard ? named : place(named, "prefix of a registry");
    const elsewhere = item.location !== undefined && item.location !== "";
    const digestOnly = flag(item["mirror-by-digest-only"], "mirror-by-digest-only");
    return {
      prefix,
      location: elsewhere ? place(item.location, "location of a registry") : prefix,
      insecure: flag(item.insecure, "insecure"),
      blocked: flag(item.blocked, "blocked"),
      mirrors: tables(item.mirror, "mirror").map((each) => mirror(each, digestOnly)),
      file: path,
    };
  });
  const first = new Map<string, RegistryEntry>();
  for (const entry of registries) {
    const { prefix, blocked, insecure } = entry;
    const { blocked: b = blocked, insecure: i = insecure } = first.get(prefix) ?? {};
    if (b !== blocked || i !== insecure)
      throw refuse(
        `registry ${prefix} is there twice, and once it is ${b !== blocked ? "blocked" : "insecure"}`,
      );
    if (!first.has(prefix)) first.set(prefix, entry);
  }
  const search = document["unqualified-search-registries"];
  const isList = Array.isArray(search) && search.every((item) => typeof item === "string");
  if (search !== undefined && !isList)
    throw refuse("unqualified-search-registries must be a list of strings");
  const aliases = (document.aliases ?? {}) as Readonly<Record<string, unknown>>;
  return {
    registries: [...first.values()],
    ...(isList ? { search: search.map((item) => place(item, "a registry to search")) } : {}),
    aliases: {
      get: (name) =>
        Object.hasOwn(aliases, name)
          ? { target: aliases[name] === "" ? "" : place(aliases[name], `alias ${name}`), file: path }
          : undefined,
    },
  };
}
