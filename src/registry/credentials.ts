/** What a person is known by at one registry. An identity token is an OAuth2 refresh token, as Docker stores it. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string };

/**
 * Finds the credentials for `host[:port]` as references name it (`docker.io` for Docker Hub), and for the repository at
 * `path` there, because a namespace may have its own.
 */
export type CredentialProvider = (
  host: string,
  signal?: AbortSignal,
  path?: string,
) => Promise<Credentials | undefined>;

/** The value of an `Authorization` header (RFC 7617; UTF-8). */
export function basicAuthorization(credentials: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, "utf8").toString("base64")}`;
}
