import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { randomHex } from "../sys/random-hex.ts";
import { type AuthDocument, interpretAuthDocument, isObject, readAuthDocument } from "./auth-file.ts";
import { authKey, dockerServer } from "./auth-key.ts";
import { authPlaces } from "./auth-places.ts";
import { CredentialProgram } from "./credential-program.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface StoredAt {
  readonly path: string;
  /** The program that has the secret; without one it is in the file, in the clear. */
  readonly program?: string;
}

/**
 * Keeps what a person logged in with, under a canonical key: in the first file that has the registry already, else in
 * `$DOCKER_CONFIG/config.json`; by the program that this file names, else in the file itself.
 */
export async function storeCredentials(
  env: Environment,
  key: string,
  credentials: { username: string; password: string },
): Promise<StoredAt> {
  const { files, home } = authPlaces(env);
  const path = files.find((file) => spellings(readAuthDocument(file), key).length > 0) ?? home;
  const document = readAuthDocument(path) ?? {};
  const { helpers, store } = interpretAuthDocument(document);
  const program = helpers.get(key) ?? store;
  if (program !== undefined)
    await new CredentialProgram({ name: program, env }).store(dockerServer(key), credentials);
  const auth = Buffer.from(`${credentials.username}:${credentials.password}`, "utf8").toString("base64");
  const auths = withoutKey(document, key);
  const spelling = basename(path) === "config.json" ? dockerServer(key) : key;
  auths[spelling] = program === undefined ? { auth } : {};
  writeAuthDocument(path, { ...document, auths });
  return { path, ...(program === undefined ? {} : { program }) };
}

/** Forgets a key in every file and program that may be written; whether there was anything. */
export async function eraseCredentials(env: Environment, key: string): Promise<boolean> {
  let found = false;
  for (const path of authPlaces(env).files) {
    const document = readAuthDocument(path);
    if (document === undefined) continue;
    const { helpers, store } = interpretAuthDocument(document);
    const name = helpers.get(key) ?? store;
    if (name !== undefined) {
      const program = new CredentialProgram({ name, env });
      if ((await program.get(dockerServer(key))) !== undefined) {
        await program.erase(dockerServer(key));
        found = true;
      }
    }
    if (spellings(document, key).length === 0) continue;
    writeAuthDocument(path, { ...document, auths: withoutKey(document, key) });
    found = true;
  }
  return found;
}

/** The keys of `auths` that mean `key`. */
function spellings(document: AuthDocument | undefined, key: string): string[] {
  const auths = document?.auths;
  return isObject(auths) ? Object.keys(auths).filter((each) => authKey(each) === key) : [];
}

function withoutKey(document: AuthDocument, key: string): Record<string, unknown> {
  const auths: Record<string, unknown> = isObject(document.auths) ? { ...document.auths } : {};
  for (const spelling of spellings(document, key)) delete auths[spelling];
  return auths;
}

/** Replaces the file at once, readable only by its owner. A link stays, and what it leads to is replaced. */
function writeAuthDocument(path: string, document: AuthDocument): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const target = realPath(path);
    const temporary = join(dirname(target), `.${basename(target)}.${randomHex(8)}`);
    try {
      const fd = openSync(temporary, "wx", 0o600);
      try {
        writeSync(fd, `${JSON.stringify(document, null, "\t")}\n`);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(temporary, target);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw new BerthError("denied", `cannot save credentials in ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return path;
    throw error;
  }
}
