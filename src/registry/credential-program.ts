import { BerthError } from "../base/errors.ts";
import { isObject } from "./auth-file.ts";
import { basicAuthorization, type Credentials } from "./credentials.ts";
import { shownText } from "./shown-text.ts";

/** The user name by which a program marks an identity token (docker-credential-helpers). */
const tokenUser = "<token>";

export interface CredentialProgramOptions {
  /** Without the prefix `docker-credential-`. */
  readonly name: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A program that keeps credentials (docker-credential-helpers): the verb is its only argument, everything else goes over
 * stdin and stdout, so that no secret is ever in a process list. Throws `helper-failed`.
 */
export class CredentialProgram {
  readonly #options: CredentialProgramOptions;
  readonly #program: string;

  constructor(options: CredentialProgramOptions) {
    this.#options = options;
    this.#program = `docker-credential-${options.name}`;
  }

  /** Undefined when it knows nothing about the server. */
  async get(server: string): Promise<Credentials | undefined> {
    const { code, stdout } = await this.#call("get", server);
    if (code !== 0) {
      if (/credentials not found/i.test(stdout)) return undefined;
      throw this.#failure("get", code, stdout);
    }
    let answer: unknown;
    try {
      answer = JSON.parse(stdout);
    } catch {
      answer = undefined; // the cause would quote a secret
    }
    if (!isObject(answer) || typeof answer.Username !== "string" || typeof answer.Secret !== "string")
      throw new BerthError("helper-failed", `${this.#program} get does not answer with credentials`);
    const { Username: username, Secret: secret } = answer;
    if (secret === "") return undefined;
    return username === tokenUser ? { identityToken: secret } : { username, password: secret };
  }

  async store(server: string, credentials: { username: string; password: string }): Promise<void> {
    const { username, password } = credentials;
    const input = JSON.stringify({ ServerURL: server, Username: username, Secret: password });
    const { code, stdout } = await this.#call("store", input);
    if (code === 0) return;
    throw this.#failure("store", code, withoutSecrets(stdout, credentials));
  }

  /** Erasing what is not there is no failure. */
  async erase(server: string): Promise<void> {
    const { code, stdout } = await this.#call("erase", server);
    if (code !== 0 && !/credentials not found/i.test(stdout)) throw this.#failure("erase", code, stdout);
  }

  async #call(verb: "get" | "store" | "erase", input: string): Promise<{ code: number; stdout: string }> {
    const { name, env, signal } = this.#options;
    const path = /^[\w.-]+$/.test(name) ? Bun.which(this.#program, { PATH: env.PATH ?? "" }) : null;
    if (path === null) {
      throw new BerthError("helper-failed", `exec: "${this.#program}": executable file not found in $PATH`, {
        hint: "install the program, or remove it from credsStore and credHelpers of the configuration",
      });
    }
    const child = Bun.spawn([path, verb], {
      env: { ...env },
      stdin: Buffer.from(input),
      stdout: "pipe",
      stderr: "ignore",
      ...(signal === undefined ? {} : { signal }),
    });
    const [stdout, code] = await Promise.all([child.stdout.text(), child.exited]);
    return { code, stdout };
  }

  #failure(verb: string, code: number, said: string): BerthError {
    const text = shownText(said);
    return new BerthError(
      "helper-failed",
      `${this.#program} ${verb} fails with exit status ${code}${text === "" ? "" : `: ${text}`}`,
    );
  }
}

function withoutSecrets(text: string, credentials: { username: string; password: string }): string {
  const encoded = basicAuthorization(credentials).slice("Basic ".length);
  return text.replaceAll(credentials.password, "***").replaceAll(encoded, "***");
}
