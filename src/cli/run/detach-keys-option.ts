import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { defaultDetachKeys, parseDetachKeys } from "../../engine/detach-keys.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `--detach-keys`; without it, the `detachKeys` of Docker's configuration, or Docker's own. Without a terminal nobody can
 * type them: there are none, and what the configuration says is not looked at.
 */
export function detachKeysFrom(value: string | undefined, env: Environment, terminal: boolean): Uint8Array {
  if (!value && !terminal) return new Uint8Array();
  return parseDetachKeys(value || configuredKeys(env) || defaultDetachKeys);
}

/** A file that is not there, or none of Docker's, says nothing. */
function configuredKeys(env: Environment): string | undefined {
  const directory = env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker");
  try {
    const { detachKeys } = JSON.parse(readFileSync(join(directory, "config.json"), "utf8"));
    return typeof detachKeys === "string" ? detachKeys : undefined;
  } catch {
    return undefined;
  }
}
