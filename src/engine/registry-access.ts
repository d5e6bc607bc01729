import { buildInformation } from "../base/build-information.ts";
import { systemCertificateAuthorities } from "../registry/certificate-authorities.ts";
import { credentialProvider } from "../registry/find-credentials.ts";
import type { RegistryOptions } from "../registry/registry.ts";
import type { EngineContext } from "./context.ts";

/** How registries are spoken to on behalf of this person: trust, credentials, name. */
export function registryOptions(context: EngineContext): RegistryOptions {
  const { env, configuration, warn } = context;
  return {
    insecureRegistries: configuration.insecureRegistries,
    caPaths: systemCertificateAuthorities(env),
    userAgent: `berth/${buildInformation.version}`,
    credentials: credentialProvider({ env, warn }),
  };
}
