import { BerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { readTextIfThere } from "../sys/files.ts";
import { authKey } from "./auth-key.ts";
import type { Credentials } from "./credentials.ts";

/** A JSON object as it is in the file; everything that is not ours is kept when it is written again. */
export type AuthDocument = Record<string, unknown>;

/** What a file of credentials says (docker/cli config.json, containers-auth.json(5)), by canonical key. */
export interface AuthFile {
  readonly credentials: ReadonlyMap<string, Credentials>;
  /** Programs for single registries, without the prefix `docker-credential-`. */
  readonly helpers: ReadonlyMap<string, string>;
  /** The program for all others. */
  readonly store?: string;
}

/** The document of a file, undefined where there is none. Throws `invalid-argument`, `denied`; never quotes its content. */
export function readAuthDocument(path: string): AuthDocument | undefined {
  let text: string | undefined;
  try {
    text = readTextIfThere(path);
  } catch (error) {
    const code = systemErrorCode(error);
    const why = code === "EACCES" ? "permission denied" : messageOf(error);
    throw new BerthError(code === "EACCES" ? "denied" : "invalid-argument", `cannot read ${path}: ${why}`);
  }
  if (text === undefined) return undefined;
  return text.trim() === "" ? {} : parseAuthDocument(text, path);
}

/** Parses the text of such a file; `where` is for messages. */
export function parseAuthDocument(text: string, where: string): AuthDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The cause would quote the text.
    throw new BerthError("invalid-argument", `${where} is not valid JSON`);
  }
  if (!isObject(document)) throw new BerthError("invalid-argument", `${where} is not a JSON object`);
  return document;
}

/** What the document means. Entries without a secret (a credential store leaves them) and foreign ones are passed over. */
export function interpretAuthDocument(document: AuthDocument): AuthFile {
  const credentials = new Map<string, Credentials>();
  for (const [key, value] of entriesOf(document.auths)) {
    const found = isObject(value) ? credentialsOf(value) : undefined;
    const canonical = authKey(key);
    // The plain spelling wins over an address of the same host.
    if (found !== undefined && (key === canonical || !credentials.has(canonical)))
      credentials.set(canonical, found);
  }
  const helpers = new Map<string, string>();
  for (const [key, value] of entriesOf(document.credHelpers))
    if (typeof value === "string" && value !== "") helpers.set(authKey(key), value);
  const store = document.credsStore;
  return { credentials, helpers, ...(typeof store === "string" && store !== "" ? { store } : {}) };
}

function credentialsOf(entry: Record<string, unknown>): Credentials | undefined {
  const text = (name: string) => {
    const value = entry[name];
    return typeof value === "string" ? value : "";
  };
  const identityToken = text("identitytoken");
  if (identityToken !== "") return { identityToken };
  const decoded = Buffer.from(text("auth"), "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  const username = colon === -1 ? text("username") : decoded.slice(0, colon);
  // Docker cuts off NULs, which some tools pad with.
  const password = colon === -1 ? text("password") : decoded.slice(colon + 1).replace(/^\0+|\0+$/g, "");
  return username === "" || password === "" ? undefined : { username, password };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}
