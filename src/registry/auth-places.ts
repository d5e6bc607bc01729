import { configurationHome, homeDirectory, xdgDirectory } from "../base/directories.ts";
import { join } from "../base/posix-path.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where credentials may be, in the order in which they are looked for. */
export interface AuthPlaces {
  /** A whole document, from `DOCKER_AUTH_CONFIG`. */
  readonly inline?: string;
  readonly files: readonly string[];
  /** The file that `login` writes when no other has the registry already. */
  readonly home: string;
}

/**
 * `REGISTRY_AUTH_FILE` is the only file when it is set. Otherwise those of containers/image come before Docker's, because
 * podman's login is for one session and Docker's stays.
 */
export function authPlaces(env: Environment): AuthPlaces {
  const inline = env.DOCKER_AUTH_CONFIG ? { inline: env.DOCKER_AUTH_CONFIG } : {};
  const named = env.REGISTRY_AUTH_FILE;
  if (named) return { ...inline, files: [named], home: named };
  const runtime = xdgDirectory(env, "XDG_RUNTIME_DIR");
  const docker = join(env.DOCKER_CONFIG || join(homeDirectory(env), ".docker"), "config.json");
  const files = [
    ...(runtime === undefined ? [] : [join(runtime, "containers/auth.json")]),
    join(configurationHome(env), "containers/auth.json"),
    docker,
  ];
  return { ...inline, files, home: docker };
}
