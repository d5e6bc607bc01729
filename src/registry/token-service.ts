import { BerthError } from "../base/errors.ts";
import { basicAuthorization, type Credentials } from "./credentials.ts";
import { busyFailure, describeEntries, errorBodyLimit, parseErrorBody } from "./error-answer.ts";
import type { Answer } from "./exchange.ts";
import type { TokenRealm } from "./token-realm.ts";

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch, by this machine's clock. */
  readonly expiresAt: number;
}

export interface TokenRequest {
  readonly realm: TokenRealm;
  readonly service: string | undefined;
  /** `repository:<path>:pull`, several separated by blanks; empty: the token only says who somebody is. */
  readonly scope: string;
  readonly credentials: Credentials | undefined;
}

/** Sends one request to a token service and returns the answer of any status. */
export type SendToRealm = (
  url: URL,
  init: { method: "GET" | "POST"; headers: Record<string, string>; body?: string },
) => Promise<Answer>;

export const tokenBodyLimit = 1024 * 1024;
/** The lifetime of a token whose service names none (distribution-spec "Token Authentication"). */
const defaultLifetimeSeconds = 60;
const longestLifetimeSeconds = 24 * 60 * 60;

/**
 * Gets a bearer token: by GET with Basic credentials or none (distribution "token" specification), by POST with a refresh
 * token (distribution "oauth2" specification). Throws `unauthorized`, `registry`, and failures of the transfer.
 */
export async function requestToken(request: TokenRequest, send: SendToRealm): Promise<Token> {
  const { realm, service, scope } = request;
  const credentials = realm.trusted ? request.credentials : undefined;
  const answer =
    credentials !== undefined && "identityToken" in credentials
      ? await send(realm.url, {
          method: "POST",
          headers: { "Content-Type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams({
            grant_type: "refresh_token",
            client_id: "berth",
            ...(service === undefined ? {} : { service }),
            ...(scope === "" ? {} : { scope }),
            refresh_token: credentials.identityToken,
          }).toString(),
        })
      : await send(withQuery(realm.url, service, scope, credentials?.username), {
          method: "GET",
          headers: credentials === undefined ? {} : { Authorization: basicAuthorization(credentials) },
        });
  if (answer.status !== 200) throw await refusal(answer, credentials !== undefined, realm.trusted);
  return readToken(await answer.bytes(tokenBodyLimit), answer.url.host);
}

function withQuery(realm: URL, service: string | undefined, scope: string, account: string | undefined): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const each of scope === "" ? [] : scope.split(" ")) url.searchParams.append("scope", each);
  if (account !== undefined) url.searchParams.set("account", account);
  return url;
}

async function refusal(answer: Answer, withCredentials: boolean, trusted: boolean): Promise<BerthError> {
  const said = describeEntries(parseErrorBody(await answer.excerpt(errorBodyLimit)));
  const { status, url } = answer;
  if (status === 429 || status === 408 || status >= 500) return busyFailure(answer, said);
  if (status === 400 || status === 401 || status === 403) {
    const reason = withCredentials ? "incorrect username or password" : "authentication required";
    return new BerthError(
      "unauthorized",
      `unauthorized: ${reason}: the token service ${url.host} answers ${status}${said === "" ? "" : `: ${said}`}`,
      trusted
        ? {}
        : {
            hint: `credentials are not sent to ${url.host}, because it is not part of the registry's domain, and no certificate proves that the registry names it`,
          },
    );
  }
  return new BerthError(
    "registry",
    `the token service ${url.host} answers with unexpected HTTP status ${status}${said === "" ? "" : `: ${said}`}`,
  );
}

/** The answer's `token` or `access_token` and its lifetime `expires_in`; what it says of scopes is the registry's matter. */
export function readToken(body: Uint8Array, host: string, now: number = Date.now()): Token {
  const wrong = (why: string, cause?: unknown) =>
    new BerthError("registry", `the token service ${host} ${why}`, cause === undefined ? {} : { cause });
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    // The cause would quote the body, and the body may hold a token.
    throw wrong("does not answer with JSON");
  }
  const fields = typeof document === "object" && document !== null ? document : {};
  const text = (name: string) => {
    const value: unknown = Reflect.get(fields, name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const value = text("token") ?? text("access_token");
  if (value === undefined) throw wrong("answers without a token");
  if (!/^[\x21-\x7e]+$/.test(value)) throw wrong("answers with a token that no header can hold");
  const lifetime: unknown = Reflect.get(fields, "expires_in");
  const seconds = typeof lifetime === "number" && lifetime > 0 ? lifetime : defaultLifetimeSeconds;
  return { value, expiresAt: now + Math.min(seconds, longestLifetimeSeconds) * 1000 };
}
