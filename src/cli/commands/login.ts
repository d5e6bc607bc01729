import { BerthError, isBerthError, messageOf } from "../../base/errors.ts";
import type { LoginServer } from "../../engine/login.ts";
import { defineCommand, type Invocation } from "../command.ts";
import { flag } from "../flags/spec.ts";
import { tlsChoice, tlsVerify } from "../flags/tls-flag.ts";
import { interruptible } from "../interruption.ts";

const flags = {
  password: flag.text("Password or access token", { short: "p" }),
  "password-stdin": flag.boolean("Take the password from stdin"),
  "tls-verify": tlsVerify,
  username: flag.text("Username", { short: "u" }),
};

type LoginInvocation = Invocation<typeof flags>;

export const login = defineCommand({
  usage: "[OPTIONS] [SERVER]",
  description: "Authenticate to a registry",
  flags,
  words: { min: 0, max: 1 },
  async run(invocation) {
    const { flags: values, given, words, host, context } = invocation;
    checkFlags(invocation);
    const engine = await import("../../engine/login.ts");
    const tls = tlsChoice(values, given);
    const server = engine.parseLoginServer(words[0]);
    return interruptible(async (signal) => {
      const existing = await engine.currentCredentials(context, server);
      const known = existing !== undefined && "username" in existing ? existing.username : undefined;
      if (existing !== undefined && !given.has("username") && !given.has("password")) {
        const who = known === undefined ? "" : ` [Username: ${known}]`;
        host.stderr.write(`Authenticating with existing credentials...${who}\n`);
        try {
          await engine.tryCredentials(context, server, existing, { ...tls, signal });
          host.stdout.write("Login Succeeded\n");
          return 0;
        } catch (error) {
          if (!isBerthError(error, "unauthorized") || !host.stdin.isTerminal) throw error;
          host.stderr.write(`Login did not succeed, error: ${messageOf(error)}\n`);
        }
      }
      const credentials = values["password-stdin"]
        ? { username: values.username ?? "", password: await passwordFrom(host.stdin.stream()) }
        : await askFor(invocation, server, known, signal);
      if (credentials.password === "") throw new BerthError("usage", "password is empty");
      const { path, program, overruled } = await engine.login(context, server, credentials, {
        ...tls,
        signal,
      });
      if (overruled) host.warn(`DOCKER_AUTH_CONFIG has other credentials for ${server.key}, and comes first`);
      if (program === undefined)
        host.warn(
          `your credentials are stored unencrypted in ${path}; credsStore there can name a program instead`,
        );
      host.stdout.write("Login Succeeded\n");
      return 0;
    });
  },
});

function checkFlags({ flags: values, given, host }: LoginInvocation): void {
  if (given.has("password")) {
    host.stderr.write("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    if (values["password-stdin"])
      throw new BerthError("usage", "--password and --password-stdin are mutually exclusive");
    if (values.password === "") throw new BerthError("usage", "password is empty");
  }
  if (values["password-stdin"] && !values.username)
    throw new BerthError("usage", "Must provide --username with --password-stdin");
  if (given.has("username") && values.username === "") throw new BerthError("usage", "username is empty");
}

async function askFor(
  { flags: values, host }: LoginInvocation,
  server: LoginServer,
  known: string | undefined,
  signal: AbortSignal,
): Promise<{ username: string; password: string }> {
  const { username, password } = values;
  if (username && password) return { username, password };
  const { Prompt } = await import("../prompt.ts");
  const prompt = new Prompt(host, signal);
  if (!username) host.stderr.write(`Log in to ${server.shown}\n`);
  const name =
    username || (await prompt.ask(known === undefined ? "Username: " : `Username (${known}): `)) || known;
  if (!name) throw new BerthError("usage", "username is empty");
  return { username: name, password: password || (await prompt.askHidden("Password: ")) };
}

/** All of stdin without the line break at its end. */
async function passwordFrom(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    if (length > longestPassword) throw new BerthError("usage", "stdin holds more than a password");
  }
  return Buffer.concat(parts).toString("utf8").replace(/\n$/, "").replace(/\r$/, "");
}

const longestPassword = 64 * 1024;
