/**
 * Image references as github.com/distribution/reference reads them: what people type (`nginx`) becomes
 * `docker.io/library/nginx`, with the same texts when it cannot.
 */
import { BerthError } from "../base/errors.ts";
import { digestFault } from "./digest.ts";
import type { Digest, Reference } from "./types.ts";

const defaultDomain = "docker.io";
const legacyDefaultDomain = "index.docker.io";
const officialPrefix = "library/";
const maximumPathLength = 255;

const pathComponent = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const domainComponent = "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)";
const host = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])`;
const domainAndPort = `${host}(?::[0-9]+)?`;
const pathPattern = `${pathComponent}(?:/${pathComponent})*`;
const tagPattern = "\\w[\\w.-]{0,127}";
const digestPattern = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

const referencePattern = new RegExp(
  `^(?:(${domainAndPort})/)?(${pathPattern})(?::(${tagPattern}))?(?:@(${digestPattern}))?$`,
);
const wholeTag = new RegExp(`^${tagPattern}$`);
const identifier = /^[a-f0-9]{64}$/;

function invalid(message: string): BerthError {
  return new BerthError("invalid-reference", message);
}

/** A reference as it is written: no default domain, which is then the empty string. */
export interface PlainReference {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** The grammar alone, without normalisation (distribution/reference `Parse`). Throws `invalid-reference`. */
export function parsePlainReference(text: string): PlainReference {
  const match = referencePattern.exec(text);
  if (match === null) {
    if (text === "") throw invalid("repository name must have at least one component");
    if (referencePattern.test(text.toLowerCase())) throw invalid("repository name must be lowercase");
    throw invalid("invalid reference format");
  }
  const [, domain = "", path = "", tag, digest] = match;
  if (path.length > maximumPathLength) {
    throw invalid(`repository name must not be more than ${maximumPathLength} characters`);
  }
  const fault = digest === undefined ? undefined : digestFault(digest);
  if (fault !== undefined) throw invalid(fault);
  return {
    domain,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: digest as Digest }),
  };
}

/** The first component is a registry only then: it has `.` or `:`, is `localhost`, or has upper case. */
function looksLikeHost(first: string): boolean {
  return first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
}

function splitDomain(name: string): { domain: string; remainder: string } {
  const slash = name.indexOf("/");
  if (slash === -1) return { domain: defaultDomain, remainder: officialPrefix + name };
  const first = name.slice(0, slash);
  let domain = defaultDomain;
  let remainder = name;
  if (first === legacyDefaultDomain) {
    remainder = name.slice(slash + 1);
  } else if (looksLikeHost(first)) {
    domain = first;
    remainder = name.slice(slash + 1);
  }
  if (domain === defaultDomain && !remainder.includes("/")) remainder = officialPrefix + remainder;
  return { domain, remainder };
}

/**
 * Parses and normalises what a person typed; no default tag is added (see `withDefaultTag`).
 * Throws `invalid-reference` with Docker's texts.
 */
export function parseReference(text: string): Reference {
  if (identifier.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const colon = remainder.indexOf(":");
  const name = colon === -1 ? remainder : remainder.slice(0, colon);
  if (name.toLowerCase() !== name) {
    throw invalid(`invalid reference format: repository name (${name}) must be lowercase`);
  }
  const reference = parsePlainReference(`${domain}/${remainder}`);
  // What is meant as a host and cannot be one would be read as part of the path.
  if (reference.domain !== domain) throw invalid("invalid reference format");
  return reference;
}

/** Whether a reference that a person typed tells its registry. */
export function namesRegistry(text: string): boolean {
  const [first = "", ...rest] = text.split("/");
  return rest.length > 0 && looksLikeHost(first);
}

export type ReferenceOrDigest =
  | { readonly kind: "digest"; readonly digest: Digest }
  | { readonly kind: "reference"; readonly reference: Reference };

/** A reference, or an image id: 64 hex digits with or without `sha256:` (distribution/reference `ParseAnyReference`). */
export function parseAnyReference(text: string): ReferenceOrDigest {
  if (identifier.test(text)) return { kind: "digest", digest: `sha256:${text}` };
  if (digestFault(text) === undefined) return { kind: "digest", digest: text as Digest };
  return { kind: "reference", reference: parseReference(text) };
}

/** `:latest` where neither a tag nor a digest is given. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: "latest" };
}

/**
 * What a transfer works with (distribution/reference `ParseDockerRef`): the default tag where nothing is given,
 * and the digest alone where tag and digest are. Throws `invalid-reference`.
 */
export function parseDockerReference(text: string): Reference {
  const { tag: _, ...reference } = parseReference(text);
  return reference.digest === undefined ? withDefaultTag(parseReference(text)) : reference;
}

/** The same repository and digest under another tag. Throws `invalid-reference`. */
export function withTag(reference: Reference, tag: string): Reference {
  if (!wholeTag.test(tag)) throw invalid("invalid tag format");
  return { ...reference, tag };
}

export function withDigest(reference: Reference, digest: Digest): Reference {
  return { ...reference, digest };
}

/** The repository alone, without tag and digest. */
export function trimReference(reference: Reference): Reference {
  return { domain: reference.domain, path: reference.path };
}

/** `domain/path`. */
export function repositoryName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}

/** The canonical full text: `docker.io/library/nginx:latest`. */
export function formatReference(reference: Reference): string {
  return repositoryName(reference) + suffix(reference);
}

/** The repository as Docker shows it: no `docker.io/`, no `library/` of official images. */
export function familiarName(reference: Reference): string {
  const { domain, path } = reference;
  if (domain !== defaultDomain) return repositoryName(reference);
  const single = path.startsWith(officialPrefix) && !path.slice(officialPrefix.length).includes("/");
  return single ? path.slice(officialPrefix.length) : path;
}

/** The familiar name with tag and digest: `nginx:latest`. */
export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}
