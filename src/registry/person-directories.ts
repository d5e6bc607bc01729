import { isAbsolute, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

export function homeDirectory(env: Environment): string {
  return env.HOME || process.getBuiltinModule("node:os").homedir(); // loading it takes as long as opening a connection
}

/** Where the person's configuration files are (XDG Base Directory Specification; a relative value says nothing). */
export function configurationDirectory(env: Environment): string {
  const xdg = env.XDG_CONFIG_HOME;
  return xdg !== undefined && isAbsolute(xdg) ? xdg : join(homeDirectory(env), ".config");
}
