import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A `docker-credential-<name>` that keeps its secrets in a file, and writes down how it was called. */
export interface CredentialProgramFixture {
  /** For PATH. */
  readonly directory: string;
  /** One JSON document per server: `<hex of the server>.json`. */
  readonly secrets: string;
  /** Its arguments, one call per line. */
  readonly calls: string;
}

/** Writes the program as a shell script into `directory/bin`. */
export function writeCredentialProgram(directory: string, name: string): CredentialProgramFixture {
  const bin = join(directory, "bin");
  const secrets = join(directory, `secrets-${name}`);
  const calls = join(directory, `calls-${name}`);
  mkdirSync(bin, { recursive: true });
  mkdirSync(secrets, { recursive: true });
  const path = join(bin, `docker-credential-${name}`);
  writeFileSync(
    path,
    `#!/bin/sh
echo "$*" >> '${calls}'
input=$(cat)
file() { printf '%s/%s.json' '${secrets}' "$(printf %s "$1" | od -An -tx1 | tr -d ' \\n')"; }
case $1 in
get)
  if test -f "$(file "$input")"; then cat "$(file "$input")"
  else echo "credentials not found in native keychain"; exit 1; fi ;;
erase) rm -f "$(file "$input")" ;;
store)
  server=$(printf %s "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/')
  printf %s "$input" > "$(file "$server")" ;;
*) exit 2 ;;
esac
`,
  );
  chmodSync(path, 0o755);
  return { directory: bin, secrets, calls };
}

/** Where such a program keeps the secret of a server. */
export function secretFile({ secrets }: CredentialProgramFixture, server: string): string {
  return join(secrets, `${Buffer.from(server).toString("hex")}.json`);
}
