/** What a `run` needs most likely: a foreground container is run by this process, any other by a monitor. */
export interface Likely {
  readonly kind: "foreground" | "monitored";
  readonly interactive: boolean;
  readonly terminal: boolean;
}

/** Flags that change neither the namespaces of a container nor, but for these themselves, who runs it. */
export const switches: readonly string[] =
  "--rm --detach --interactive --tty --init --quiet --read-only --publish-all -d -i -t -q -P".split(" ");
export const valued: readonly string[] = (
  "--network --name --env --env-file --workdir --volume --mount --tmpfs --user --hostname --entrypoint --publish --label " +
  "--pull --platform --add-host --dns --cap-add --cap-drop --shm-size --ulimit --stop-signal --stop-timeout --restart " +
  "-e -w -v -u -h -p -l"
).split(" ");

/**
 * Foretells from the words after `run` what will be needed, before anything is loaded that could parse them. Undefined
 * where a word is not known here; what the parsed words say counts. Nothing waits for anything else yet, so there are no
 * regular expressions (base/decimal.ts) and no `every` or `some`, which the runtime parses for their first call.
 */
export function foretell(words: readonly string[]): Likely | undefined {
  const seen: string[] = [];
  let at = 0;
  for (; words[at]?.startsWith("-"); at++) {
    const word = words[at]!;
    const equals = word.indexOf("=");
    const flags = word.startsWith("--") ? [word] : Array.from(word.slice(1), (letter) => `-${letter}`);
    if (flags.length > 0 && areSwitches(flags)) {
      for (const flag of flags) seen.push(flag);
      continue;
    }
    const name = word.startsWith("--") ? word.slice(0, equals === -1 ? undefined : equals) : word.slice(0, 2);
    if (!valued.includes(name)) return undefined;
    const value = name === word ? words[++at] : word.slice(equals + 1);
    if (name === "--network" && (value === "host" || value?.startsWith("container:"))) return undefined;
  }
  if (at >= words.length) return undefined;
  const terminal = seen.includes("--tty") || seen.includes("-t");
  const detached = seen.includes("--detach") || seen.includes("-d");
  return {
    kind: seen.includes("--rm") && !detached && !terminal ? "foreground" : "monitored",
    interactive: seen.includes("--interactive") || seen.includes("-i"),
    terminal,
  };
}

function areSwitches(flags: readonly string[]): boolean {
  for (const flag of flags) if (!switches.includes(flag)) return false;
  return true;
}
