import { BerthError } from "../base/errors.ts";
import {
  familiarName,
  formatReference,
  namesRegistry,
  parseReference,
  repositoryName,
} from "../oci/reference.ts";
import type { Reference } from "../oci/types.ts";
import type { RegistriesConfiguration, RegistryEntry } from "./registries-file.ts";

/** A place that has what a reference names. */
export interface Endpoint {
  /** The same tag or digest in the repository of the place. */
  readonly reference: Reference;
  /** Plain HTTP and any certificate are allowed there. */
  readonly insecure: boolean;
}

/** The entry with the longest prefix that fits, where a component ends with it. */
function entryFor(name: string, registries: readonly RegistryEntry[]): RegistryEntry | undefined {
  let best: RegistryEntry | undefined;
  for (const entry of registries)
    if (matches(name, entry.prefix) && entry.prefix.length > (best?.prefix.length ?? 0)) best = entry;
  return best;
}

function matches(name: string, prefix: string): boolean {
  const [host = ""] = name.split("/");
  if (prefix.startsWith("*.")) return host.replace(/:\d+$/, "").endsWith(prefix.slice(1));
  return name === prefix || name.startsWith(`${prefix}/`) || name.startsWith(`${prefix}:`);
}

/** A host without dot and port would be read as a namespace of Docker Hub. */
function parseConfigured(text: string): Reference {
  if (namesRegistry(text)) return parseReference(text);
  throw new BerthError("invalid-argument", `registries.conf leads to ${text}, which names no registry`, {
    hint: "a registry has a dot or a port in its name, or is localhost",
  });
}

/** The reference with `location` in the place of the prefix; a wildcard has no other place. */
function moved(reference: Reference, { prefix }: RegistryEntry, location: string): Reference {
  if (prefix.startsWith("*.") && location === prefix) return reference;
  const name = repositoryName(reference);
  const rest = prefix.startsWith("*.") ? name.slice(name.indexOf("/")) : name.slice(prefix.length);
  const { domain, path } = parseConfigured(`${location}${rest}`);
  return { ...reference, domain, path };
}

/** Where a reference is read from, best first: its mirrors, then its own place. Throws `denied` for a blocked registry. */
export function endpointsFor(
  reference: Reference,
  { registries }: RegistriesConfiguration,
): readonly Endpoint[] {
  const own = ownEndpoint(reference, registries);
  const entry = entryFor(repositoryName(reference), registries);
  const wanted = reference.digest === undefined ? "tag-only" : "digest-only";
  const endpoints: Endpoint[] = [];
  for (const { location, insecure, pull } of entry?.mirrors ?? []) {
    if (pull === "all" || pull === wanted)
      endpoints.push({ reference: moved(reference, entry!, location), insecure });
  }
  return [...endpoints, own];
}

/** The place that a reference itself stands for, without mirrors: where it is pushed to. */
export function ownEndpoint(reference: Reference, registries: readonly RegistryEntry[]): Endpoint {
  const entry = openEntryFor(repositoryName(reference), familiarName(reference), registries);
  if (entry === undefined) return { reference, insecure: false };
  return { reference: moved(reference, entry, entry.location), insecure: entry.insecure };
}

/** The host that serves `host[/namespace]`, for what concerns no single repository. Throws `denied` for a blocked registry. */
export function hostEndpoint(
  name: string,
  registries: readonly RegistryEntry[],
): { readonly host: string; readonly insecure: boolean } {
  const entry = openEntryFor(name, name, registries);
  const place = entry === undefined || entry.location.startsWith("*.") ? name : entry.location;
  return { host: place.split("/")[0]!, insecure: entry?.insecure ?? false };
}

function openEntryFor(
  name: string,
  shown: string,
  registries: readonly RegistryEntry[],
): RegistryEntry | undefined {
  const entry = entryFor(name, registries);
  if (entry?.blocked !== true) return entry;
  throw new BerthError(
    "denied",
    `registry ${entry.prefix} is blocked in ${entry.file}: ${shown} is not asked for`,
  );
}

/** What a name without a registry may stand for. */
export interface ShortName {
  /** In the order in which they are tried; the tag or digest is that of the name. */
  readonly candidates: readonly [Reference, ...Reference[]];
  /** The file with the alias that decided, unless Docker would read the name just so. */
  readonly aliasOf?: string;
}

/**
 * Reads a name as Docker does, unless it names no registry and the configuration says what such names stand for: an
 * alias, else each of the registries to search.
 */
export function resolveShortName(text: string, { aliases, search }: RegistriesConfiguration): ShortName {
  const reference = parseReference(text);
  if (reference.domain !== "docker.io" || /^(?:index\.)?docker\.io\//.test(text))
    return { candidates: [reference] };
  const [, name = text] = /^(.*?)(?::[\w.-]+)?(?:@.*)?$/.exec(text) ?? [];
  const suffix = text.slice(name.length);
  const alias = aliases.get(name);
  if (alias !== undefined && alias.target !== "") {
    const target = parseConfigured(`${alias.target}${suffix}`);
    const isDocker = formatReference(target) === formatReference(reference);
    return { candidates: [target], ...(isDocker ? {} : { aliasOf: alias.file }) };
  }
  const [first, ...rest] = search.map((registry) => parseConfigured(`${registry}/${text}`));
  return { candidates: first === undefined ? [reference] : [first, ...rest] };
}
