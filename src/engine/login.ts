import { BerthError } from "../base/errors.ts";
import { authKey, dockerServer } from "../registry/auth-key.ts";
import type { Credentials } from "../registry/credentials.ts";
import { credentialProvider, environmentHas } from "../registry/find-credentials.ts";
import { verifyCredentials } from "../registry/login.ts";
import { hostEndpoint } from "../registry/registry-rules.ts";
import { eraseCredentials, storeCredentials, type StoredAt } from "../registry/stored-credentials.ts";
import type { EngineContext } from "./context.ts";
import { registriesOf } from "./registries.ts";
import { type RegistryChoice, registryOptions } from "./registry-access.ts";

/** What a person logs in to. */
export interface LoginServer {
  /** `host[:port]`, or with a namespace; what the credentials are filed under. */
  readonly key: string;
  /** `host[:port]` */
  readonly host: string;
  readonly namespace?: string;
  /** As Docker shows it: `https://index.docker.io/v1/` for Docker Hub. */
  readonly shown: string;
}

/** Reads the argument of `login` and `logout`; Docker Hub where there is none. Throws `invalid-argument`. */
export function parseLoginServer(text: string | undefined): LoginServer {
  const key = authKey(text ?? "docker.io");
  const [host = "", ...rest] = key.split("/");
  if (!/^(?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:]+\])(?::\d{1,5})?$/.test(host)) {
    throw new BerthError("invalid-argument", `${JSON.stringify(text)} is not the address of a registry`, {
      hint: "an address is host or host:port",
    });
  }
  const namespace = rest.join("/");
  return { key, host, shown: dockerServer(key), ...(namespace === "" ? {} : { namespace }) };
}

export interface LoginOptions extends RegistryChoice {
  readonly signal?: AbortSignal;
}

/** The credentials that would be used there now. */
export function currentCredentials(
  { env, warn }: EngineContext,
  server: LoginServer,
): Promise<Credentials | undefined> {
  return credentialProvider({ env, warn })(server.host, undefined, server.namespace);
}

/** Asks the registry whether it accepts them; throws `unauthorized`, and failures of the transfer. */
export async function tryCredentials(
  context: EngineContext,
  server: LoginServer,
  credentials: Credentials,
  { tlsVerify, signal }: LoginOptions = {},
): Promise<void> {
  const { insecureRegistries, ...options } = registryOptions(context);
  const { host, key } = server;
  const { insecure } = hostEndpoint(key, registriesOf(context).registries);
  const isInsecure = tlsVerify === undefined ? insecure : !tlsVerify;
  await verifyCredentials(
    host,
    {
      ...options,
      insecureRegistries: tlsVerify === true ? [] : [...insecureRegistries, ...(isInsecure ? [host] : [])],
      credentials: async () => credentials,
    },
    signal,
  );
}

export interface LoginResult extends StoredAt {
  /** `DOCKER_AUTH_CONFIG` has the registry too, and comes first. */
  readonly overruled: boolean;
}

/** Logs in: the registry has to accept the credentials before they are kept. */
export async function login(
  context: EngineContext,
  server: LoginServer,
  credentials: { readonly username: string; readonly password: string },
  options: LoginOptions = {},
): Promise<LoginResult> {
  await tryCredentials(context, server, credentials, options);
  const stored = await storeCredentials(context.env, server.key, credentials);
  return { ...stored, overruled: environmentHas(context.env, server.key) };
}

/** Forgets the credentials for a registry; whether there were any. */
export function logout(context: EngineContext, server: LoginServer): Promise<boolean> {
  return eraseCredentials(context.env, server.key);
}
