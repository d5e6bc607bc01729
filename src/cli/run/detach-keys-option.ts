import { homeDirectory } from "../../base/directories.ts";
import { join } from "../../base/posix-path.ts";
import { defaultDetachKeys, parseDetachKeys } from "../../engine/detach-keys.ts";
import { readText } from "../../sys/files.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Tells the keys of `--detach-keys`; without it, those of Docker's configuration, or Docker's own. Nobody can type them
 * where no input goes to a terminal: there are none then, and what the configuration says is not looked at.
 */
export function detachKeysFrom(value: string | undefined, env: Environment): (typed: boolean) => Uint8Array {
  const given = value ? parseDetachKeys(value) : undefined;
  return (typed) => {
    if (!typed) return new Uint8Array();
    return given ?? parseDetachKeys(configuredKeys(env) || defaultDetachKeys);
  };
}

/** A file that is not there, or none of Docker's, says nothing. */
function configuredKeys(env: Environment): string | undefined {
  const directory = env.DOCKER_CONFIG || join(homeDirectory(env), ".docker");
  try {
    const { detachKeys } = JSON.parse(readText(join(directory, "config.json")));
    return typeof detachKeys === "string" ? detachKeys : undefined;
  } catch {
    return undefined;
  }
}
