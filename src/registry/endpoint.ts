/** How one origin is spoken to. */
export interface Transport {
  readonly scheme: "https" | "http";
  /** Whether its certificate must be right; false for a registry that the configuration calls insecure. */
  readonly verify: boolean;
}

/** Docker Hub's name in references is not the host that serves it (distribution/reference, moby registry/config). */
const dockerHub = "registry-1.docker.io";

/** The `host[:port]` that serves the registry named `domain`. */
export function registryHost(domain: string): string {
  return domain === "docker.io" || domain === "index.docker.io" ? dockerHub : domain.toLowerCase();
}

/** `localhost`, `*.localhost` (RFC 6761), 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopback(host: string): boolean {
  const name = hostName(host);
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)
  );
}

/** `host[:port]` without the port; an IPv6 address keeps its brackets. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

/** Whether the configuration names exactly this `host[:port]` as insecure; another port is another registry. */
export function isInsecure(host: string, insecureRegistries: readonly string[]): boolean {
  for (const entry of insecureRegistries) if (entry.trim().toLowerCase() === host.toLowerCase()) return true;
  return false;
}

/**
 * The transports to try for `host[:port]`, best first; more than one only where plain HTTP is allowed.
 *
 * Verified HTTPS is all there is for any host but two kinds. A registry listed as insecure may have any certificate, and
 * may speak HTTP when it does not speak TLS, as in Docker. A loopback address may speak HTTP, as in Docker, because
 * its bytes do not leave the machine; unlike in Docker its certificate must be right when it does speak TLS, because
 * whoever set up TLS there meant it (B11). A loopback registry on a port other than 443 is nearly always plain HTTP:
 * it is asked in HTTP first, which costs a TLS server one refused request that carries no credentials.
 */
export function transportsFor(host: string, insecureRegistries: readonly string[]): readonly Transport[] {
  if (isInsecure(host, insecureRegistries)) {
    const tls = { scheme: "https", verify: false } as const;
    const plain = { scheme: "http", verify: false } as const;
    return prefersPlain(host) ? [plain, tls] : [tls, plain];
  }
  const tls = { scheme: "https", verify: true } as const;
  if (!isLoopback(host)) return [tls];
  const plain = { scheme: "http", verify: true } as const;
  return prefersPlain(host) ? [plain, tls] : [tls, plain];
}

function prefersPlain(host: string): boolean {
  return isLoopback(host) && host !== hostName(host) && !host.endsWith(":443");
}
