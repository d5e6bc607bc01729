import type { HeldNumbers } from "./held-namespaces.ts";
import type { Helpers } from "./helpers.ts";
import type { IdentityMap } from "./identity.ts";

export interface UserNamespaceRequest {
  readonly helpers: Helpers;
  readonly identity: IdentityMap;
  /** What runs as root of the user namespace, with all capabilities there. */
  readonly argv: readonly string[];
  /** At least three; two more follow them in the process: what ties it to us, and the gate, which it closes. */
  readonly stdio: readonly unknown[];
  /**
   * `argv` makes the user namespace itself, and knows what it may not do there until its ids are mapped: it says a line
   * at the gate when the namespace is there, and waits at it. Only where one becomes root by that (`becomesRoot`).
   */
  readonly unmapped?: boolean;
  /** Namespaces of another process to enter, its user namespace among them, instead of making a user namespace. */
  readonly joined?: { readonly numbers: HeldNumbers; readonly descriptors: readonly number[] };
}

/**
 * The argv that runs `argv` as root of a user namespace: with all capabilities there, which an exec gives to uid 0
 * (capabilities(7)). It tells its pid at the gate and waits there for its id maps, unless it needs none.
 */
export function userNamespaceCommand(request: UserNamespaceRequest): readonly string[] {
  const { helpers, identity, argv, stdio, joined } = request;
  const [lifeline, gate] = [stdio.length, stdio.length + 1];
  const busybox = helpers.command("busybox");
  if (joined !== undefined) {
    const path = (kind: keyof HeldNumbers) => `/proc/self/fd/${joined.numbers[kind]}`;
    const others = (["net", "ipc", "uts"] as const).filter((kind) => joined.numbers[kind] !== undefined);
    const flags = others.map((kind) => `--${kind}=${path(kind)}`);
    return [...enterCommand(helpers, path("user"), flags), ...argv];
  }
  if (request.unmapped) return argv;
  if (identity.mode === "single") return [...busybox, "unshare", "-r", ...argv];
  if (becomesRoot(identity)) {
    const behindGate = `echo $$ >&${gate} && read -r _ <&${gate} && exec "$@" ${gate}>&-`;
    return [...busybox, "unshare", "-U", ...busybox, "sh", "-c", behindGate, "sh", ...argv];
  }
  return [...busybox, "sh", "-c", throughHolder(helpers, lifeline, gate), "sh", ...argv];
}

/** Whether newuidmap makes the caller, who has made a user namespace, root there. */
export function becomesRoot(identity: IdentityMap): boolean {
  if (identity.mode === "single") return false;
  return identity.uids.some(({ inside, outside }) => inside === 0 && outside === process.getuid!());
}

/** Whatever ids the caller has in the user namespace, it becomes uid 0 there; groups stay as they are. */
function enterCommand(helpers: Helpers, user: string, flags: readonly string[]): readonly string[] {
  const asRoot = ["--preserve-credentials", "--setuid", "0"];
  return [...helpers.command("nsenter"), `--user=${user}`, ...flags, ...asRoot, "--"];
}

/**
 * Where root inside is not the caller, an exec in the new user namespace would be one by somebody else, and cost all
 * capabilities. So another process makes the namespace and holds it until this one has entered it from outside, which
 * keeps them.
 */
function throughHolder(helpers: Helpers, lifeline: number, gate: number): string {
  const busybox = helpers.command("busybox");
  const hold = `echo $$ >&${gate}; read -r _ <&${lifeline}`;
  const held = "/proc/HOLDER/ns/user";
  const enter = shellWords(enterCommand(helpers, held, [])).replace("HOLDER", "'$!'");
  return [
    `${shellWords([...busybox, "unshare", "-U", ...busybox, "sh", "-c", hold])} &`,
    `read -r _ <&${gate} && exec ${gate}>&- &&`,
    `exec ${enter} ${shellWords([...busybox, "sh", "-c", 'kill "$0"; exec "$@"'])} $! "$@"`,
  ].join(" ");
}

/** Words for a POSIX shell, each quoted. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}
