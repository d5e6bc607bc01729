import { userAgent } from "../base/build-information.ts";
import { shortDigest } from "../oci/digest.ts";
import type { ProgressListener } from "../oci/transport.ts";
import { type ConfiguredRegistryOptions, openConfiguredRegistry } from "../registry/configured-registry.ts";
import { proxyFor } from "../registry/proxy.ts";
import type { Registry } from "../registry/registry.ts";
import type { EngineContext } from "./context.ts";
import { registriesOf } from "./registries.ts";

/** What a command may say about how registries are spoken to. */
export interface RegistryChoice {
  /** Overrules the configuration: false allows plain HTTP and any certificate. */
  readonly tlsVerify?: boolean;
}

/**
 * How registries are spoken to on behalf of this person: trust, credentials, proxies, mirrors, name. Trust is looked for
 * when a registry speaks TLS, credentials when it asks for them.
 */
export function registryOptions(
  context: EngineContext,
  { tlsVerify }: RegistryChoice = {},
): ConfiguredRegistryOptions {
  const { env, configuration, warn } = context;
  return {
    insecureRegistries: configuration.insecureRegistries,
    tlsVerify,
    async caPaths() {
      const { systemCertificateAuthorities } = await import("../registry/certificate-authorities.ts");
      return systemCertificateAuthorities(env);
    },
    async certificatesFor(host) {
      const { certificateDirectories, hostCertificates } = await import("../registry/host-certificates.ts");
      return hostCertificates(host, certificateDirectories(env));
    },
    proxyFor: (url) => proxyFor(url, env),
    registries: () => registriesOf(context),
    userAgent,
    async credentials(...asked) {
      const { credentialProvider } = await import("../registry/find-credentials.ts");
      return credentialProvider({ env, warn })(...asked);
    },
  };
}

/** The registries as this machine and this person have them; waits are told as progress. */
export function openRegistries(
  context: EngineContext,
  choice: RegistryChoice = {},
  onProgress?: ProgressListener,
): Registry {
  return openConfiguredRegistry({
    ...registryOptions(context, choice),
    onRetry(digest, seconds) {
      const status = `Retrying in ${seconds} second${seconds === 1 ? "" : "s"}` as const;
      onProgress?.({ kind: "status", id: shortDigest(digest), digest, status });
    },
  });
}
