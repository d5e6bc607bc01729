import { BerthError } from "../base/errors.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { unlessAborted } from "./interruption.ts";
import { basicAuthorization, type CredentialProvider, type Credentials } from "./credentials.ts";
import { requestToken, type SendToRealm, type Token } from "./token-service.ts";
import { judgeRealm } from "./token-realm.ts";

export interface AuthorizerOptions {
  /** The name that credentials are filed under. */
  readonly domain: string;
  /** The origin that the registry answers at. */
  readonly registry: URL;
  readonly insecureRegistries: readonly string[];
  readonly credentials: CredentialProvider | undefined;
  readonly send: SendToRealm;
}

/** What a request is allowed to do, as far as it has to ask for it. */
export interface Access {
  /** The repository; undefined for the registry itself (`/v2/`), to which a login goes. */
  readonly path?: string;
  /** Also to change it; only to read it unless told. */
  readonly push?: boolean;
  /** The list of all repositories. */
  readonly catalog?: boolean;
  /** Another repository of the registry that is read as well, for a mount. */
  readonly from?: string;
}

/** What a 401 led to: a header for one more try, or the reason why there is none. */
export type Renewal = { readonly header: string } | { readonly reason: string };

/** A token that ends within this time is renewed before it is used. */
const renewBeforeMs = 5_000;

/**
 * The authorization of requests to one registry. It learns the way from the registry's first 401, keeps tokens per scope
 * until they expire, and asks only for the scope of the access at hand whatever scope a challenge names, so that a registry
 * cannot have tokens made for something else.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens = new Map<string, Token>();
  readonly #pending = new Map<string, Promise<Token>>();
  #challenge: Challenge | undefined;
  /** By repository, because a namespace may have its own. */
  readonly #credentials = new Map<string, Promise<Credentials | undefined>>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The header for the next request; undefined while no challenge is known. */
  async header(access: Access, signal?: AbortSignal): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    if (challenge.scheme === "basic") return this.#basic(access, signal);
    const cached = this.#tokens.get(scopeOf(access));
    // A token that lives shorter than the margin is used all the same; the 401 that ends it renews it.
    if (cached !== undefined && cached.expiresAt - renewBeforeMs > Date.now())
      return `Bearer ${cached.value}`;
    return `Bearer ${(await this.#newToken(challenge, access, signal)).value}`;
  }

  /** After a 401 to a request that was sent with `sent`: a different header to try once more, or why not. */
  async renew(
    wwwAuthenticate: string | null,
    access: Access,
    sent: string | undefined,
    signal?: AbortSignal,
  ): Promise<Renewal> {
    const challenges = parseChallenges(wwwAuthenticate ?? "");
    const challenge =
      challenges.find(({ scheme }) => scheme === "bearer") ??
      challenges.find(({ scheme }) => scheme === "basic");
    if (challenge === undefined) {
      const named = challenges.map(({ scheme }) => scheme).join(", ");
      return { reason: named === "" ? "the registry names no way to log in" : `cannot log in by ${named}` };
    }
    this.#challenge = challenge;
    if (challenge.scheme === "basic") {
      const header = await this.#basic(access, signal);
      if (header === undefined) return { reason: "no basic auth credentials" };
      return header === sent ? { reason: "incorrect username or password" } : { header };
    }
    // Another request may have renewed the token while this one was under way.
    const scope = scopeOf(access);
    const cached = this.#tokens.get(scope);
    if (cached !== undefined && `Bearer ${cached.value}` !== sent && cached.expiresAt > Date.now())
      return { header: `Bearer ${cached.value}` };
    this.#tokens.delete(scope);
    return { header: `Bearer ${(await this.#newToken(challenge, access, signal)).value}` };
  }

  async #basic(access: Access, signal: AbortSignal | undefined): Promise<string | undefined> {
    const credentials = await this.#find(access, signal);
    return credentials !== undefined && "username" in credentials
      ? basicAuthorization(credentials)
      : undefined;
  }

  #find({ path }: Access, signal: AbortSignal | undefined): Promise<Credentials | undefined> {
    const key = path ?? "";
    let found = this.#credentials.get(key);
    if (found === undefined) {
      const { credentials, domain } = this.#options;
      found = Promise.resolve(credentials?.(domain, undefined, path)).catch((error) => {
        this.#credentials.delete(key);
        throw error;
      });
      this.#credentials.set(key, found);
    }
    return unlessAborted(found, signal);
  }

  /**
   * One request per scope at a time; several blobs wait for the same token. None of them owns the request: one that is
   * called off stops waiting, and the request goes on for the others.
   */
  #newToken(challenge: Challenge, access: Access, signal: AbortSignal | undefined): Promise<Token> {
    const scope = scopeOf(access);
    const pending = this.#pending.get(scope);
    if (pending !== undefined) return unlessAborted(pending, signal);
    const made = (async () => {
      const { registry, insecureRegistries, send } = this.#options;
      const realm = judgeRealm(registry, challenge.parameters.realm, insecureRegistries);
      if (access.path === undefined && !realm.trusted) throw untrusted(realm.url, registry);
      const token = await requestToken(
        {
          realm,
          service: challenge.parameters.service,
          scope,
          credentials: realm.trusted ? await this.#find(access, undefined) : undefined,
        },
        send,
      );
      this.#tokens.set(scope, token);
      return token;
    })().finally(() => this.#pending.delete(scope));
    this.#pending.set(scope, made);
    return unlessAborted(made, signal);
  }
}

/** Scopes as the token service reads them (distribution "scope" specification), separated by blanks; empty for a login. */
function scopeOf({ path, push, from, catalog }: Access): string {
  if (catalog === true) return "registry:catalog:*";
  if (path === undefined) return "";
  const own = `repository:${path}:${push === true ? "pull,push" : "pull"}`;
  return from === undefined ? own : `${own} repository:${from}:pull`;
}

/** A login whose credentials are not sent proves nothing. */
function untrusted(realm: URL, registry: URL): BerthError {
  return new BerthError(
    "unauthorized",
    `cannot log in to ${registry.host}: credentials are not sent to its token service ${realm.host}`,
    { hint: "it is not part of the registry's domain, and no certificate proves that the registry names it" },
  );
}
