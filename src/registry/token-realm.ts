import { BerthError } from "../base/errors.ts";
import { hostName, isInsecure, isLoopback } from "./endpoint.ts";

/** Where tokens come from, and what it may be told. */
export interface TokenRealm {
  readonly url: URL;
  /** Whether the registry's credentials may be sent there; without them the token is asked for anonymously. */
  readonly trusted: boolean;
}

/**
 * Judges the `realm` of a Bearer challenge. HTTPS only, unless the registry itself is spoken to over HTTP and the realm
 * is on the same host, on loopback or listed as insecure. A registry that has proved who it is by its certificate may have
 * its token service anywhere, as in Docker: it could ask for the credentials itself. Of any other, somebody in between may
 * have changed the answer, so that they go only to the registry's own host name, to a host below it, or to one that shares
 * its parent domain (`registry-1.docker.io` and `auth.docker.io`). Throws `registry`.
 */
export function judgeRealm(
  registry: URL,
  realm: string | undefined,
  insecureRegistries: readonly string[],
): TokenRealm {
  const refuse = (why: string) =>
    new BerthError("registry", `${registry.host} names a token service that ${why}`, {
      hint: "the registry is set up wrongly, or somebody between it and this machine interferes",
    });
  let url: URL;
  try {
    url = new URL(realm ?? "", registry);
  } catch {
    throw refuse("has no valid address");
  }
  if (realm === undefined || realm === "") throw refuse("has no address");
  if (url.username !== "" || url.password !== "") throw refuse("has a user name in its address");
  if (url.protocol !== "https:") {
    if (url.protocol !== "http:") throw refuse(`is not a web address (${url.protocol})`);
    const sameHost = hostName(url.host) === hostName(registry.host);
    const allowed = sameHost || isLoopback(url.host) || isInsecure(url.host, insecureRegistries);
    if (registry.protocol === "https:" || !allowed)
      throw refuse(`is reached over plain HTTP, at ${url.host}`);
  }
  url.hash = "";
  const isProved = registry.protocol === "https:" && !isInsecure(registry.host, insecureRegistries);
  return { url, trusted: isProved || isSameSite(hostName(registry.host), hostName(url.host)) };
}

/** Whether two host names belong together. Addresses belong only to themselves. */
export function isSameSite(registry: string, realm: string): boolean {
  if (registry === realm) return true;
  if (/^\[|^[\d.]+$/.test(registry) || /^\[|^[\d.]+$/.test(realm)) return false;
  if (!registry.includes(".")) return false;
  if (realm.endsWith(`.${registry}`)) return true;
  const parent = registry.slice(registry.indexOf(".") + 1);
  return parent.includes(".") && (realm === parent || realm.endsWith(`.${parent}`));
}
