import { buildInformation } from "../base/build-information.ts";
import { shortDigest } from "../oci/digest.ts";
import type { ProgressListener } from "../oci/transport.ts";
import { systemCertificateAuthorities } from "../registry/certificate-authorities.ts";
import { type ConfiguredRegistryOptions, openConfiguredRegistry } from "../registry/configured-registry.ts";
import { credentialProvider } from "../registry/find-credentials.ts";
import { certificateDirectories, hostCertificates } from "../registry/host-certificates.ts";
import { proxyFor } from "../registry/proxy.ts";
import type { Registry } from "../registry/registry.ts";
import type { EngineContext } from "./context.ts";
import { registriesOf } from "./registries.ts";

/** What a command may say about how registries are spoken to. */
export interface RegistryChoice {
  /** Overrules the configuration: false allows plain HTTP and any certificate. */
  readonly tlsVerify?: boolean;
}

/** How registries are spoken to on behalf of this person: trust, credentials, proxies, mirrors, name. */
export function registryOptions(
  context: EngineContext,
  { tlsVerify }: RegistryChoice = {},
): ConfiguredRegistryOptions {
  const { env, configuration, warn } = context;
  return {
    insecureRegistries: configuration.insecureRegistries,
    tlsVerify,
    caPaths: () => systemCertificateAuthorities(env),
    certificatesFor: (host) => hostCertificates(host, certificateDirectories(env)),
    proxyFor: (url) => proxyFor(url, env),
    registries: () => registriesOf(context),
    userAgent: `berth/${buildInformation.version}`,
    credentials: credentialProvider({ env, warn }),
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
