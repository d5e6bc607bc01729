/**
 * The names that credentials are filed under. Docker writes `https://index.docker.io/v1/` for Docker Hub and the host for
 * all others; tools of containers/image write `host[:port]` and `host[:port]/namespace` (containers-auth.json(5)).
 */

/** What Docker's files and helpers call Docker Hub. */
export const dockerHubServer = "https://index.docker.io/v1/";

const hubNames: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

function hostOf(name: string): string {
  const host = name.toLowerCase();
  return hubNames.has(host) ? "docker.io" : host;
}

/**
 * The canonical form of a key: `host[:port]` or `host[:port]/namespace`, Docker Hub as `docker.io`. A key that is a web
 * address means its whole host. The port belongs to the name: `host` is not `host:5000`.
 */
export function authKey(text: string): string {
  const scheme = /^https?:\/\//i.exec(text)?.[0] ?? "";
  const [first = "", ...rest] = text.slice(scheme.length).replace(/\/+$/, "").split("/");
  const host = hostOf(first);
  const namespace = rest.join("/");
  const isHost = scheme !== "" || namespace === "" || (host === "docker.io" && /^v[12]$/.test(namespace));
  return isHost ? host : `${host}/${namespace}`;
}

/** The canonical keys for a repository, most specific first: `host/team/app`, `host/team`, `host`. */
export function authKeysFor(domain: string, path: string | undefined): readonly string[] {
  const host = hostOf(domain);
  const parts = path === undefined ? [] : path.split("/");
  return [...parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join("/")), host];
}

/** How Docker and its helpers spell a canonical key. */
export function dockerServer(key: string): string {
  return key === "docker.io" ? dockerHubServer : key;
}
