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

/** What a 401 led to: a header for one more try, or the reason why there is none. */
export type Renewal = { readonly header: string } | { readonly reason: string };

/** A token that ends within this time is renewed before it is used. */
const renewBeforeMs = 5_000;

/**
 * The authorization of requests to one registry. It learns the way from the registry's first 401, keeps tokens per scope
 * until they expire, and asks only for `repository:<path>:pull` whatever scope a challenge names, so that a
 * registry cannot have tokens made for something else.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens = new Map<string, Token>();
  readonly #pending = new Map<string, Promise<Token>>();
  #challenge: Challenge | undefined;
  #credentials: Promise<Credentials | undefined> | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The header for the next request; undefined while no challenge is known. */
  async header(path: string, signal?: AbortSignal): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    if (challenge.scheme === "basic") return this.#basic(signal);
    const cached = this.#tokens.get(path);
    // A token that lives shorter than the margin is used all the same; the 401 that ends it renews it.
    if (cached !== undefined && cached.expiresAt - renewBeforeMs > Date.now())
      return `Bearer ${cached.value}`;
    return `Bearer ${(await this.#newToken(challenge, path, signal)).value}`;
  }

  /** After a 401 to a request that was sent with `sent`: a different header to try once more, or why not. */
  async renew(
    wwwAuthenticate: string | null,
    path: string,
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
      const header = await this.#basic(signal);
      if (header === undefined) return { reason: "no basic auth credentials" };
      return header === sent ? { reason: "incorrect username or password" } : { header };
    }
    // Another request may have renewed the token while this one was under way.
    const cached = this.#tokens.get(path);
    if (cached !== undefined && `Bearer ${cached.value}` !== sent && cached.expiresAt > Date.now())
      return { header: `Bearer ${cached.value}` };
    this.#tokens.delete(path);
    return { header: `Bearer ${(await this.#newToken(challenge, path, signal)).value}` };
  }

  async #basic(signal: AbortSignal | undefined): Promise<string | undefined> {
    const credentials = await this.#find(signal);
    return credentials !== undefined && "username" in credentials
      ? basicAuthorization(credentials)
      : undefined;
  }

  #find(signal: AbortSignal | undefined): Promise<Credentials | undefined> {
    this.#credentials ??= Promise.resolve(this.#options.credentials?.(this.#options.domain)).catch(
      (error) => {
        this.#credentials = undefined;
        throw error;
      },
    );
    return unlessAborted(this.#credentials, signal);
  }

  /**
   * One request per scope at a time; several blobs wait for the same token. None of them owns the request: one that is
   * called off stops waiting, and the request goes on for the others.
   */
  #newToken(challenge: Challenge, path: string, signal: AbortSignal | undefined): Promise<Token> {
    const pending = this.#pending.get(path);
    if (pending !== undefined) return unlessAborted(pending, signal);
    const made = (async () => {
      const { registry, insecureRegistries, send } = this.#options;
      const realm = judgeRealm(registry, challenge.parameters.realm, insecureRegistries);
      const token = await requestToken(
        {
          realm,
          service: challenge.parameters.service,
          scope: `repository:${path}:pull`,
          credentials: realm.trusted ? await this.#find(undefined) : undefined,
        },
        send,
      );
      this.#tokens.set(path, token);
      return token;
    })().finally(() => this.#pending.delete(path));
    this.#pending.set(path, made);
    return unlessAborted(made, signal);
  }
}
