import { BerthError, isBerthError, messageOf } from "../base/errors.ts";
import { repositoryName } from "../oci/reference.ts";
import type { Reference } from "../oci/types.ts";
import type { RegistriesConfiguration } from "./registries-file.ts";
import { openRegistry, type Registry, type RegistryOptions } from "./registry.ts";
import { type Endpoint, endpointsFor, hostEndpoint, ownEndpoint } from "./registry-rules.ts";

export interface ConfiguredRegistryOptions extends RegistryOptions {
  /** Read when the first reference comes. */
  readonly registries: () => RegistriesConfiguration;
  /** Overrules what any configuration says: false allows plain HTTP and any certificate, for all places of a reference. */
  readonly tlsVerify?: boolean | undefined;
}

/**
 * Registries as registries.conf places them: what is read comes from the first mirror that gives it, else from the place of
 * its own, which may be another one than its name says; what is pushed goes there. Blocked registries are not contacted.
 */
export function openConfiguredRegistry(options: ConfiguredRegistryOptions): Registry {
  const clients = new Map<string, Registry>();
  /** Where a repository was found: the rest is asked there first. */
  const found = new Map<string, string>();

  /** An insecure place makes no other place of its host insecure. */
  const clientFor = (domain: string, insecure: boolean): Registry => {
    const { tlsVerify } = options;
    const key = (tlsVerify === undefined ? insecure : !tlsVerify) ? domain : "";
    const configured = tlsVerify === true ? [] : options.insecureRegistries;
    const insecureRegistries = key === "" ? configured : [...configured, key];
    const client = clients.get(key) ?? openRegistry({ ...options, insecureRegistries });
    clients.set(key, client);
    return client;
  };

  const clientAt = ({ reference, insecure }: Endpoint) => clientFor(reference.domain, insecure);

  async function read<T>(
    reference: Reference,
    signal: AbortSignal | undefined,
    ask: (registry: Registry, reference: Reference) => Promise<T>,
  ): Promise<T> {
    const name = repositoryName(reference);
    const known = found.get(name);
    const isKnown = (endpoint: Endpoint) => repositoryName(endpoint.reference) === known;
    const all = endpointsFor(reference, options.registries());
    const endpoints =
      known === undefined ? all : [...all.filter(isKnown), ...all.filter((endpoint) => !isKnown(endpoint))];
    const failures: { readonly place: string; readonly error: unknown }[] = [];
    for (const endpoint of endpoints) {
      const place = repositoryName(endpoint.reference);
      try {
        const answer = await ask(clientAt(endpoint), endpoint.reference);
        found.set(name, place);
        return answer;
      } catch (error) {
        if (signal?.aborted || isBerthError(error, "interrupted")) throw error;
        failures.push({ place, error });
      }
    }
    // The place of its own counts, wherever in the order it was.
    const own = repositoryName(all.at(-1)!.reference);
    const decisive = failures.find(({ place }) => place === own)!.error;
    const others = failures.filter(({ place }) => place !== own);
    if (others.length === 0 || !(decisive instanceof BerthError)) throw decisive;
    throw new BerthError(decisive.code, decisive.message, {
      hint: `mirrors failed too: ${others.map(({ place, error }) => `${place}: ${messageOf(error)}`).join("; ")}`,
      cause: decisive,
    });
  }

  const pushEndpoint = (reference: Reference) => ownEndpoint(reference, options.registries().registries);
  return {
    resolve: (reference, signal, checkedAs) =>
      read(reference, signal, (registry, place) => registry.resolve(place, signal, checkedAs)),
    listTags: (repository, signal) =>
      read(repository, signal, (registry, place) => registry.listTags(place, signal)),
    async search(search, signal) {
      const { host, insecure } = hostEndpoint(search.domain, options.registries().registries);
      return clientFor(host, insecure).search({ ...search, domain: host }, signal);
    },
    fetchManifest: (repository, descriptor, signal) =>
      read(byDigest(repository, descriptor), signal, (registry, place) =>
        registry.fetchManifest(place, descriptor, signal),
      ),
    fetchBlob: (repository, descriptor, fetchOptions) =>
      read(byDigest(repository, descriptor), fetchOptions?.signal, (registry, place) =>
        registry.fetchBlob(place, descriptor, fetchOptions),
      ),
    async pushBlob(repository, descriptor, open, { mountFrom, ...rest } = {}) {
      const endpoint = pushEndpoint(repository);
      const source =
        mountFrom === undefined ? undefined : pushEndpoint({ domain: repository.domain, path: mountFrom });
      const isThere = source?.reference.domain === endpoint.reference.domain;
      return clientAt(endpoint).pushBlob(endpoint.reference, descriptor, open, {
        ...rest,
        ...(source !== undefined && isThere ? { mountFrom: source.reference.path } : {}),
      });
    },
    async pushManifest(reference, document, signal) {
      const endpoint = pushEndpoint(reference);
      return clientAt(endpoint).pushManifest(endpoint.reference, document, signal);
    },
  };
}

/** What has a digest may come from mirrors that are for digests only. */
function byDigest(
  { domain, path }: Reference,
  { digest }: { readonly digest: Reference["digest"] & {} },
): Reference {
  return { domain, path, digest };
}
