import { messageOf } from "../base/errors.ts";
import { type AuthFile, interpretAuthDocument, parseAuthDocument, readAuthDocument } from "./auth-file.ts";
import { authKeysFor, dockerServer } from "./auth-key.ts";
import { authPlaces } from "./auth-places.ts";
import { CredentialProgram } from "./credential-program.ts";
import type { CredentialProvider, Credentials } from "./credentials.ts";

export interface CredentialSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told when a credential program does not work; the search goes on without it. */
  readonly warn: (message: string) => void;
}

/**
 * Looks credentials up in Docker's and containers/image's places, when a registry first asks for them and not before.
 * Within one place the most specific key wins; a program named for the registry or the whole file comes before what the
 * file itself holds for that host, as in Docker.
 */
export function credentialProvider(sources: CredentialSources): CredentialProvider {
  return async (host, signal, path) => {
    for (const file of authFiles(sources.env)) {
      const found = await lookUp(file, authKeysFor(host, path), sources, signal);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Whether `DOCKER_AUTH_CONFIG` has credentials for a canonical key, which then win over every file. */
export function environmentHas(env: CredentialSources["env"], key: string): boolean {
  const { inline } = authPlaces(env);
  if (inline === undefined) return false;
  return interpretAuthDocument(parseAuthDocument(inline, "DOCKER_AUTH_CONFIG")).credentials.has(key);
}

function* authFiles(env: CredentialSources["env"]): Generator<AuthFile> {
  const { inline, files } = authPlaces(env);
  if (inline !== undefined) yield interpretAuthDocument(parseAuthDocument(inline, "DOCKER_AUTH_CONFIG"));
  for (const path of files) {
    const document = readAuthDocument(path);
    if (document !== undefined) yield interpretAuthDocument(document);
  }
}

async function lookUp(
  file: AuthFile,
  keys: readonly string[],
  { env, warn }: CredentialSources,
  signal: AbortSignal | undefined,
): Promise<Credentials | undefined> {
  const host = keys.at(-1);
  for (const key of keys) {
    const name = file.helpers.get(key) ?? (key === host ? file.store : undefined);
    if (name !== undefined) {
      try {
        const found = await new CredentialProgram({ name, env, signal }).get(dockerServer(key));
        if (found !== undefined) return found;
      } catch (error) {
        warn(`cannot get credentials for ${key}: ${messageOf(error)}`);
      }
    }
    const own = file.credentials.get(key);
    if (own !== undefined) return own;
  }
  return undefined;
}
