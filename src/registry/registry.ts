import { BerthError } from "../base/errors.ts";
import { parseDigest } from "../oci/digest.ts";
import { manifestAccept } from "../oci/media-types.ts";
import { familiarName, familiarString } from "../oci/reference.ts";
import type {
  BlobStream,
  Fetcher,
  FetchOptions,
  Pusher,
  RawDocument,
  Resolver,
  TagLister,
} from "../oci/transport.ts";
import type { Descriptor, Digest, Reference } from "../oci/types.ts";
import { maximumManifestSize } from "../oci/validate.ts";
import { BlobDownload } from "./blob-download.ts";
import { BlobUpload } from "./blob-upload.ts";
import type { CredentialProvider } from "./credentials.ts";
import { errorFromAnswer, isWebPage, webPage } from "./error-answer.ts";
import type { HostCertificates } from "./host-certificates.ts";
import { listTags } from "./list-tags.ts";
import { manifestDocument } from "./manifest-document.ts";
import { pushManifest } from "./push-manifest.ts";
import { type ClientOptions, RegistryClient } from "./registry-client.ts";
import { type FoundRepository, type RepositorySearch, searchRepositories } from "./search.ts";
import { Attempts, defaultRetryPolicy, type RetryPolicy } from "./retry-policy.ts";

export interface RegistryOptions {
  /** `host` or `host:port`, exactly as references name them. */
  readonly insecureRegistries: readonly string[];
  readonly credentials?: CredentialProvider;
  /** `berth/0.1.0` */
  readonly userAgent: string;
  /** PEM files of the certificate authorities that are trusted (certificate-authorities.ts); asked for by the first TLS request. */
  readonly caPaths?: () => readonly string[];
  /** Authorities of one `host[:port]` alone, and what the client shows who it is with there. */
  readonly certificatesFor?: (host: string) => HostCertificates | undefined;
  /** The proxy for an address; none unless told. */
  readonly proxyFor?: (url: URL) => string | undefined;
  /** How long the first answer of a host may take; 15 s. */
  readonly connectTimeoutMs?: number;
  /** How long one read may take; 30 s. */
  readonly idleTimeoutMs?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** Told before each wait, in whole seconds, at least 1. */
  readonly onRetry?: (digest: Digest, seconds: number) => void;
}

/** The same with the defaults filled in. */
export function clientOptions(options: RegistryOptions): ClientOptions {
  return {
    insecureRegistries: options.insecureRegistries,
    credentials: options.credentials,
    userAgent: options.userAgent,
    caPaths: options.caPaths ?? (() => []),
    certificatesFor: options.certificatesFor,
    proxyFor: options.proxyFor,
    connectTimeoutMs: options.connectTimeoutMs ?? 15_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
  };
}

export interface RepositorySearcher {
  /** Throws `unsupported` where the registry cannot be searched, `unauthorized`, `denied`, `network`, `registry`. */
  search(search: RepositorySearch, signal?: AbortSignal): Promise<readonly FoundRepository[]>;
}

export type Registry = Resolver & TagLister & Fetcher & Pusher & RepositorySearcher;

const acceptManifests = manifestAccept.join(", ");

/**
 * The client side of the OCI distribution specification 1.1: pulling and pushing. One value serves all registries of a
 * process and remembers schemes, tokens and connections; nothing is contacted before the first request.
 */
export function openRegistry(options: RegistryOptions): Registry {
  const policy: RetryPolicy = { ...defaultRetryPolicy, ...options.retry };
  const client = new RegistryClient(clientOptions(options));
  const { onRetry } = options;
  const notifier = (digest: Digest | undefined) =>
    digest === undefined || onRetry === undefined ? undefined : (seconds: number) => onRetry(digest, seconds);

  const getManifest = (
    repository: Reference,
    identifier: string,
    expected: Descriptor | Digest | undefined,
    signal: AbortSignal | undefined,
  ): Promise<RawDocument> => {
    const digest = typeof expected === "string" ? expected : expected?.digest;
    const wasReached = () => client.wasReached(repository);
    return new Attempts({ policy, notify: notifier(digest), signal, wasReached }).run(async () => {
      const { answer, authentication } = await client.get({
        repository,
        resource: `manifests/${identifier}`,
        accept: acceptManifests,
        ...(signal === undefined ? {} : { signal }),
      });
      if (answer.status !== 200)
        throw await errorFromAnswer(answer, { kind: "manifest", reference: repository }, authentication);
      if (isWebPage(answer)) throw await webPage(answer);
      return manifestDocument(
        {
          name: digest === undefined ? familiarString(repository) : `${familiarName(repository)}@${digest}`,
          bytes: await answer.bytes(maximumManifestSize),
          contentType: answer.headers.get("content-type"),
          contentDigest: answer.headers.get("docker-content-digest"),
        },
        expected,
      );
    });
  };

  return {
    resolve(reference, signal) {
      const { digest } = reference;
      return getManifest(reference, digest ?? reference.tag ?? "latest", digest, signal);
    },
    listTags(repository, signal) {
      const wasReached = () => client.wasReached(repository);
      return new Attempts({ policy, notify: undefined, signal, wasReached }).run(() =>
        listTags(client, repository, signal),
      );
    },
    search(search, signal) {
      const wasReached = () => client.wasReached({ domain: search.domain, path: "" });
      return new Attempts({ policy, notify: undefined, signal, wasReached }).run(() =>
        searchRepositories(client, search, signal),
      );
    },
    async fetchManifest(repository, descriptor, signal) {
      const digest = parseDigest(descriptor.digest);
      if (descriptor.size > maximumManifestSize) {
        throw new BerthError(
          "invalid-image",
          `the manifest ${digest} of ${familiarName(repository)} is said to be ${descriptor.size} bytes long; the limit is ${maximumManifestSize}`,
        );
      }
      const { domain, path } = repository;
      return getManifest({ domain, path, digest }, digest, descriptor, signal);
    },
    async fetchBlob(repository, descriptor, fetchOptions: FetchOptions = {}): Promise<BlobStream> {
      const notify = notifier(descriptor.digest);
      return new BlobDownload(client, repository, descriptor, policy, notify, fetchOptions.signal).open(
        fetchOptions,
      );
    },
    pushBlob(repository, descriptor, open, pushOptions = {}) {
      return new BlobUpload(client, repository, descriptor, open, {
        ...pushOptions,
        policy,
        onRetry: notifier(descriptor.digest),
        verifyTimeoutMs: (options.idleTimeoutMs ?? 30_000) * verifyPatience,
      }).run();
    },
    pushManifest(reference, document, signal) {
      const wasReached = () => client.wasReached(reference);
      return new Attempts({ policy, notify: undefined, signal, wasReached }).run(() =>
        pushManifest(client, reference, document, signal),
      );
    },
  };
}

/** A registry hashes a whole blob, and may copy it, before it answers: this many times the patience for one read. */
const verifyPatience = 10;
