import { BerthError } from "../base/errors.ts";
import type { Reference } from "../oci/types.ts";
import type { Access, Authorizer, Renewal } from "./authorizer.ts";
import type { CredentialProvider } from "./credentials.ts";
import { isInsecure, registryHost, transportsFor } from "./endpoint.ts";
import { type Answer, exchange, type ExchangeRequest, type Method } from "./exchange.ts";
import type { HostCertificates } from "./host-certificates.ts";
import { unlessAborted } from "./interruption.ts";
import { negotiate, type Origin } from "./negotiation.ts";
import { isRedirect, maximumRedirects, redirectTarget } from "./redirect.ts";

export interface ClientOptions {
  readonly insecureRegistries: readonly string[];
  readonly credentials: CredentialProvider | undefined;
  readonly userAgent: string;
  /** PEM files */
  readonly caPaths: () => readonly string[] | Promise<readonly string[]>;
  /** Of one `host[:port]`. */
  readonly certificatesFor?: ((host: string) => Promise<HostCertificates | undefined>) | undefined;
  readonly proxyFor?: ((url: URL) => string | undefined) | undefined;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

export interface GetRequest {
  readonly repository: Reference;
  /** Below `/v2/<path>/`: `manifests/latest`, `blobs/sha256:…`. */
  readonly resource: string;
  readonly accept: string;
  readonly range?: string;
  readonly signal?: AbortSignal;
}

/** A request that may change the repository. */
export interface RegistryRequest {
  readonly repository: Reference;
  readonly method: Method;
  /** Below `/v2/<path>/`, with a slash before it below the registry itself, or an address that the registry gave for an upload. */
  readonly target: string | URL;
  readonly access: Access;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: ExchangeRequest["body"];
  /** How long the answer may take; as for any other request unless told. */
  readonly answerTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface RegistryAnswer {
  readonly answer: Answer;
  /** It comes from another origin, which the registry redirected to. */
  readonly elsewhere: boolean;
  /** Why a 401 could not be met. */
  readonly authentication?: string;
}

/** What goes out besides the address. */
interface Content {
  readonly method?: Method;
  readonly body?: ExchangeRequest["body"];
  readonly answerTimeoutMs?: number;
}

/** A first request to a registry, without credentials. */
interface Opening {
  /** With `/v2/` before it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const ping: Opening = { path: "/v2/", headers: {} };

interface Hop {
  readonly url: URL;
  readonly verify: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** One registry host with what was learned about it. */
interface Connection {
  /** The name that references have for it. */
  readonly domain: string;
  readonly origin: Origin;
  /** Made by the first 401. */
  authorizer?: Promise<Authorizer>;
}

/** Requests to registries: scheme, authorization and redirects. Retrying is the caller's part. */
export class RegistryClient {
  readonly #options: ClientOptions;
  readonly #connections = new Map<string, Promise<Connection>>();
  /** Origins that answered at least once. */
  readonly #answered = new Set<string>();
  /** Registry hosts that answered a request for content. */
  readonly #reached = new Set<string>();
  #caPaths: readonly string[] | undefined;
  #authorities: readonly string[] | undefined;
  readonly #certificates = new Map<string, Promise<HostCertificates | undefined> | undefined>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** One try, with at most one re-authentication. Any status is an answer. */
  get(request: GetRequest): Promise<RegistryAnswer> {
    const { repository, resource, accept, range, signal } = request;
    return this.send({
      repository,
      method: "GET",
      target: resource,
      access: { path: repository.path },
      headers: { Accept: accept, ...(range === undefined ? {} : { Range: range }) },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /**
   * The same for any method. Credentials go only to the registry's own origin: an upload address elsewhere gets none.
   * What has a body is not redirected.
   */
  async send(request: RegistryRequest): Promise<RegistryAnswer> {
    const { repository, target, access, signal, method, body, answerTimeoutMs } = request;
    const headers = request.headers ?? {};
    const path =
      typeof target === "string" && !target.startsWith("/") ? `/v2/${repository.path}/${target}` : target;
    // A blob would go on arriving after its reader was called off.
    const opening =
      typeof target === "string" && target.startsWith("manifests/") && method === "GET"
        ? { path: `/v2/${repository.path}/${target}`, headers }
        : undefined;
    const { connection, answer: already } = await this.#connect(repository.domain, opening, signal);
    const { origin } = connection;
    const url = typeof path === "string" ? new URL(path, origin.base) : path;
    const own = url.origin === origin.base.origin;
    const verify = own ? origin.verify : !isInsecure(url.host, this.#options.insecureRegistries);
    const content: Content = {
      method,
      ...(body === undefined ? {} : { body }),
      ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
    };
    const send = async (authorization: string | undefined, answered?: Answer) => {
      const answer = await this.#follow({ url, verify, headers }, authorization, signal, content, answered);
      return { answer, elsewhere: answer.url.origin !== origin.base.origin };
    };
    const authorizer = own && already === undefined ? await connection.authorizer : undefined;
    const sent = await authorizer?.header(access, signal);
    const first = await send(sent, already);
    this.#reached.add(registryHost(repository.domain));
    return first.elsewhere ? first : this.#authenticated(first, connection, access, sent, send, signal);
  }

  /**
   * Proves credentials: true when the registry accepts them, or wants none. Throws `unauthorized` when they are not sent
   * to its token service, and what `requestToken` throws.
   */
  async login(domain: string, signal?: AbortSignal): Promise<RegistryAnswer> {
    const { connection, answer: already } = await this.#connect(domain, ping, signal);
    const { origin } = connection;
    const hop = { url: new URL(ping.path, origin.base), verify: origin.verify, headers: ping.headers };
    const send = async (authorization: string | undefined, answered?: Answer) => ({
      answer: await this.#follow(hop, authorization, signal, {}, answered),
      elsewhere: false,
    });
    return this.#authenticated(await send(undefined, already), connection, {}, undefined, send, signal);
  }

  /** After a 401 the same once more with what the registry asks for. */
  async #authenticated(
    first: RegistryAnswer,
    connection: Connection,
    access: Access,
    sent: string | undefined,
    send: (authorization: string | undefined) => Promise<RegistryAnswer>,
    signal: AbortSignal | undefined,
  ): Promise<RegistryAnswer> {
    if (first.answer.status !== 401) return first;
    const challenge = first.answer.headers.get("www-authenticate");
    let renewal: Renewal;
    try {
      connection.authorizer ??= this.#authorizerOf(connection);
      renewal = await (await connection.authorizer).renew(challenge, access, sent, signal);
    } catch (error) {
      await first.answer.discard();
      throw error;
    }
    if ("reason" in renewal) return { ...first, authentication: renewal.reason };
    await first.answer.discard();
    return send(renewal.header);
  }

  /** Whether the registry answered before, so that silence now means an interruption. */
  wasReached(repository: Reference): boolean {
    return this.#reached.has(registryHost(repository.domain));
  }

  /**
   * The way to a registry is found by `opening`, if that is the first request that goes there; its answer then is there
   * already.
   */
  async #connect(
    domain: string,
    opening: Opening | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly connection: Connection; readonly answer?: Answer }> {
    const host = registryHost(domain);
    const known = this.#connections.get(host);
    if (known !== undefined) return { connection: await unlessAborted(known, signal) };
    const opened = this.#open(domain, host, opening ?? ping);
    const connection = opened.then((made) => made.connection);
    connection.catch(() => this.#connections.delete(host));
    this.#connections.set(host, connection);
    // Others may wait for the way, so that no signal ends the request; the answer is for this caller alone.
    if (signal !== undefined)
      opened.then(
        ({ answer }) => answer?.obey(signal),
        () => {},
      );
    const made = await unlessAborted(opened, signal);
    if (opening !== undefined) return made;
    await made.answer?.discard();
    return { connection: made.connection };
  }

  async #open(
    domain: string,
    host: string,
    { path, headers }: Opening,
  ): Promise<{ readonly connection: Connection; readonly answer?: Answer }> {
    const { insecureRegistries } = this.#options;
    const { origin, answer } = await negotiate(
      host,
      transportsFor(host, insecureRegistries),
      ({ base, verify }) => this.#exchange({ url: new URL(path, base), verify, headers }, undefined),
    );
    return { connection: { domain, origin }, ...(answer === undefined ? {} : { answer }) };
  }

  async #authorizerOf({ domain, origin }: Connection): Promise<Authorizer> {
    const { Authorizer } = await import("./authorizer.ts");
    const { insecureRegistries, credentials } = this.#options;
    return new Authorizer({
      domain,
      registry: origin.base,
      insecureRegistries,
      credentials,
      send: (url, init) => this.#sendToRealm(url, init),
    });
  }

  /**
   * Follows redirects by hand. The authorization belongs to (scheme, host, port): it is dropped at the first hop
   * to another origin and does not come back (RFC 9110 section 15.4). `answered`: the first hop's answer, if it is there.
   */
  async #follow(
    first: Hop,
    authorization: string | undefined,
    signal: AbortSignal | undefined,
    content: Content = {},
    answered?: Answer,
  ): Promise<Answer> {
    let hop = first;
    let secret = authorization;
    for (let hops = 0; ; hops += 1) {
      const headers = secret === undefined ? hop.headers : { ...hop.headers, Authorization: secret };
      const already = hops === 0 ? answered : undefined;
      const answer = already ?? (await this.#exchange({ ...hop, headers }, signal, content));
      if (!isRedirect(answer.status) || (content.method ?? "GET").startsWith("P")) return answer;
      await answer.discard();
      if (hops === maximumRedirects) {
        throw new BerthError("registry", `${first.url.host} redirects more than ${maximumRedirects} times`, {
          hint: "the registry is set up wrongly, or somebody between it and this machine interferes",
        });
      }
      const url = redirectTarget(hop.url, answer.headers.get("location"));
      if (url.origin !== hop.url.origin) secret = undefined;
      hop = { ...hop, url, verify: this.#mustVerify(url, first) };
    }
  }

  /** Tokens are asked for at exactly the realm; a POST is not redirected, because its body is a secret. */
  #sendToRealm(
    url: URL,
    init: { method: "GET" | "POST"; headers: Record<string, string>; body?: string },
  ): Promise<Answer> {
    const { Authorization: authorization, ...headers } = init.headers;
    const verify = !isInsecure(url.host, this.#options.insecureRegistries);
    if (init.method === "GET") return this.#follow({ url, verify, headers }, authorization, undefined);
    return this.#exchange({ url, verify, headers: init.headers }, undefined, {
      method: "POST",
      ...(init.body === undefined ? {} : { body: init.body }),
    });
  }

  #certificatesFor(host: string): Promise<HostCertificates | undefined> | undefined {
    if (!this.#certificates.has(host)) this.#certificates.set(host, this.#options.certificatesFor?.(host));
    return this.#certificates.get(host);
  }

  /** PEM texts of all that is trusted; empty where that is what is built in. */
  async #trusted(own: HostCertificates | undefined): Promise<readonly string[]> {
    this.#caPaths ??= await this.#options.caPaths();
    const authorities = own?.authorities ?? [];
    if (this.#caPaths.length + authorities.length === 0) return [];
    const { loadCertificateAuthorities } = await import("./certificate-authorities.ts");
    this.#authorities ??= await loadCertificateAuthorities(this.#caPaths);
    return [...authorities, ...this.#authorities];
  }

  #mustVerify(url: URL, first: Hop): boolean {
    return url.origin === first.url.origin
      ? first.verify
      : !isInsecure(url.host, this.#options.insecureRegistries);
  }

  async #exchange(
    hop: Hop,
    signal: AbortSignal | undefined,
    { method = "GET", body, answerTimeoutMs }: Content = {},
  ): Promise<Answer> {
    const { userAgent, connectTimeoutMs, idleTimeoutMs } = this.#options;
    const isTls = hop.url.protocol === "https:";
    const own = isTls ? await this.#certificatesFor(hop.url.host) : undefined;
    const proxy = this.#options.proxyFor?.(hop.url);
    const firstContact = !this.#answered.has(hop.url.origin);
    const answer = await exchange({
      url: hop.url,
      method,
      headers: { ...hop.headers, "User-Agent": userAgent },
      ...(body === undefined ? {} : { body }),
      verify: hop.verify,
      certificateAuthorities: isTls && hop.verify ? await this.#trusted(own) : [],
      ...(own?.client === undefined ? {} : { clientCertificate: own.client }),
      ...(proxy === undefined ? {} : { proxy }),
      headerTimeoutMs: answerTimeoutMs ?? (firstContact ? connectTimeoutMs : idleTimeoutMs),
      firstContact,
      idleTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    this.#answered.add(hop.url.origin);
    return answer;
  }
}
