/** What a `run` needs most likely: a foreground container is run by this process, any other by a monitor. */
export interface Likely {
  readonly kind: "foreground" | "monitored";
  readonly interactive: boolean;
  readonly terminal: boolean;
}

/** Flags that change neither the namespaces of a container nor, but for these themselves, who runs it. */
export const switches = {
  long: ["rm", "detach", "interactive", "tty", "init", "quiet", "read-only", "publish-all"],
  short: "ditqP",
} as const;
export const valued = {
  long: (
    "network name env env-file workdir volume mount tmpfs user hostname entrypoint publish label pull platform " +
    "add-host dns cap-add cap-drop shm-size ulimit stop-signal stop-timeout restart"
  ).split(" "),
  short: "ewvuhpl",
} as const;

const isSwitch = new RegExp(`^(--(${switches.long.join("|")})|-[${switches.short}]+)$`);
const isValued = new RegExp(`^(--(${valued.long.join("|")})|-[${valued.short}])$`);
const hasValue = new RegExp(`^(--(${valued.long.join("|")})=|-[${valued.short}].)`);

/**
 * Foretells from the words after `run` what will be needed, before anything is loaded that could parse them. Undefined
 * where a word is not known here; what the parsed words say counts.
 */
export function foretell(words: readonly string[]): Likely | undefined {
  let [removed, detached, interactive, terminal] = [false, false, false, false];
  let at = 0;
  for (; words[at]?.startsWith("-"); at++) {
    const word = words[at]!;
    if (isSwitch.test(word)) {
      const is = (name: string) => word === `--${name}` || (word[1] !== "-" && word.includes(name[0]!));
      removed ||= word === "--rm";
      detached ||= is("detach");
      interactive ||= is("interactive");
      terminal ||= is("tty");
      continue;
    }
    if (isValued.test(word)) at++;
    else if (!hasValue.test(word)) return undefined;
    if (word.startsWith("--network") && /(^|=)(host$|container:)/.test(words[at] ?? "")) return undefined;
  }
  if (at >= words.length) return undefined;
  return { kind: removed && !detached && !terminal ? "foreground" : "monitored", interactive, terminal };
}
