import { BerthError } from "../base/errors.ts";
import { parseDigest } from "../oci/digest.ts";
import { manifestAccept } from "../oci/media-types.ts";
import { familiarName, familiarString } from "../oci/reference.ts";
import type {
  BlobStream,
  CheckedAs,
  Fetcher,
  FetchOptions,
  Pusher,
  RawDocument,
  Resolver,
  TagLister,
} from "../oci/transport.ts";
import type { Descriptor, Digest, Reference } from "../oci/types.ts";
import type { CredentialProvider } from "./credentials.ts";
import type { HostCertificates } from "./host-certificates.ts";
import { type ClientOptions, RegistryClient } from "./registry-client.ts";
import { Attempts, defaultRetryPolicy, type RetryPolicy } from "./retry-policy.ts";
import type { FoundRepository, RepositorySearch } from "./search.ts";

export interface RegistryOptions {
  /** `host` or `host:port`, exactly as references name them. */
  readonly insecureRegistries: readonly string[];
  readonly credentials?: CredentialProvider;
  /** `berth/0.1.0` */
  readonly userAgent: string;
  /** PEM files of the certificate authorities that are trusted (certificate-authorities.ts); asked for by the first TLS request. */
  readonly caPaths?: () => readonly string[] | Promise<readonly string[]>;
  /** Authorities of one `host[:port]` alone, and what the client shows who it is with there. */
  readonly certificatesFor?: (host: string) => Promise<HostCertificates | undefined>;
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
 * process and remembers schemes, tokens and connections; nothing is contacted before the first request. What a request needs
 * besides is loaded with it, so that the one for a manifest, which a person waits for most, goes out early.
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
    checkedAs?: CheckedAs,
  ): Promise<RawDocument> => {
    const digest = typeof expected === "string" ? expected : expected?.digest;
    const wasReached = () => client.wasReached(repository);
    return new Attempts({ policy, notify: notifier(digest), signal, wasReached }).run(async () => {
      const [{ answer, authentication }, { receiveManifest }] = await Promise.all([
        client.get({
          repository,
          resource: `manifests/${identifier}`,
          accept: acceptManifests,
          ...(signal === undefined ? {} : { signal }),
        }),
        import("./manifest-document.ts"),
      ]);
      if (answer.status !== 200) {
        const { errorFromAnswer } = await import("./error-answer.ts");
        throw await errorFromAnswer(answer, { kind: "manifest", reference: repository }, authentication);
      }
      const name =
        digest === undefined ? familiarString(repository) : `${familiarName(repository)}@${digest}`;
      return receiveManifest(answer, name, expected, checkedAs);
    });
  };

  return {
    resolve(reference, signal, checkedAs) {
      const { digest } = reference;
      return getManifest(reference, digest ?? reference.tag ?? "latest", digest, signal, checkedAs);
    },
    listTags(repository, signal) {
      const wasReached = () => client.wasReached(repository);
      return new Attempts({ policy, notify: undefined, signal, wasReached }).run(async () =>
        (await import("./list-tags.ts")).listTags(client, repository, signal),
      );
    },
    search(search, signal) {
      const wasReached = () => client.wasReached({ domain: search.domain, path: "" });
      return new Attempts({ policy, notify: undefined, signal, wasReached }).run(async () =>
        (await import("./search.ts")).searchRepositories(client, search, signal),
      );
    },
    async fetchManifest(repository, descriptor, signal) {
      const digest = parseDigest(descriptor.digest);
      const { maximumManifestSize } = await import("../oci/limits.ts");
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
      const { BlobDownload } = await import("./blob-download.ts");
      return new BlobDownload(client, repository, descriptor, policy, notify, fetchOptions.signal).open(
        fetchOptions,
      );
    },
    async pushBlob(repository, descriptor, open, pushOptions = {}) {
      const { BlobUpload } = await import("./blob-upload.ts");
      return new BlobUpload(client, repository, descriptor, open, {
        ...pushOptions,
        policy,
        onRetry: notifier(descriptor.digest),
        verifyTimeoutMs: (options.idleTimeoutMs ?? 30_000) * verifyPatience,
      }).run();
    },
    pushManifest(reference, document, signal) {
      const wasReached = () => client.wasReached(reference);
      return new Attempts({ policy, notify: undefined, signal, wasReached }).run(async () =>
        (await import("./push-manifest.ts")).pushManifest(client, reference, document, signal),
      );
    },
  };
}

/** A registry hashes a whole blob, and may copy it, before it answers: this many times the patience for one read. */
const verifyPatience = 10;
