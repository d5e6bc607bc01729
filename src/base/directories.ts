import { BerthError } from "./errors.ts";

/** Where one user's berth keeps things. Every path is absolute; nothing is created by computing them. */
export interface Directories {
  /** Images, layers, containers, volumes, database. `BERTH_ROOT`, else `$XDG_DATA_HOME/berth`. */
  readonly data: string;
  /** Sockets and pid files. `$XDG_RUNTIME_DIR/berth`, else `/tmp/berth-<uid>` (see `ofOwnSession`). */
  readonly runtime: string;
  /** `$XDG_CONFIG_HOME/berth`, holds `config.toml`. */
  readonly configuration: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined for a relative value, which says nothing (XDG Base Directory Specification). */
export function xdgDirectory(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value?.startsWith("/") ? withoutEndingSlash(value) : undefined;
}

function withoutEndingSlash(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/**
 * The environment with the runtime directory of the person's own sessions: who came by su, sudo or cron has none or somebody
 * else's, and means the same containers.
 */
export function ofOwnSession(env: Environment, uid: number, isOwn: (path: string) => boolean): Environment {
  const told = xdgDirectory(env, "XDG_RUNTIME_DIR");
  const own = `/run/user/${uid}`;
  if (told !== undefined && (!told.startsWith("/run/user/") || `${told}/`.startsWith(`${own}/`))) return env;
  if (isOwn(own)) return { ...env, XDG_RUNTIME_DIR: own };
  return told === undefined ? env : { ...env, XDG_RUNTIME_DIR: undefined };
}

/** The directories for an environment; a relative `BERTH_ROOT` is refused. */
export function resolveDirectories(env: Environment, uid: number): Directories {
  const root = env.BERTH_ROOT;
  if (root !== undefined && root !== "" && !root.startsWith("/")) {
    throw new BerthError("invalid-argument", `BERTH_ROOT must be an absolute path, but is "${root}"`);
  }
  const runtime = xdgDirectory(env, "XDG_RUNTIME_DIR");
  return {
    data: root ? root : `${xdgDirectory(env, "XDG_DATA_HOME") ?? `${homeDirectory(env)}/.local/share`}/berth`,
    runtime: runtime !== undefined ? `${runtime}/berth` : `/tmp/berth-${uid}`,
    configuration: `${configurationHome(env)}/berth`,
  };
}

/** Where every program of the person keeps its configuration. */
export function configurationHome(env: Environment): string {
  return xdgDirectory(env, "XDG_CONFIG_HOME") ?? `${homeDirectory(env)}/.config`;
}

/** The person's own. Node's modules cost a start what it has not got (engine/head-start.ts). */
export function homeDirectory(env: Environment): string {
  return withoutEndingSlash(env.HOME || process.getBuiltinModule("node:os").homedir());
}
