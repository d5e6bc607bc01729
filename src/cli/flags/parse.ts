import { BerthError, messageOf } from "../../base/errors.ts";
import { parseBoolean, parseInteger } from "./scalars.ts";
import type { FlagSet, FlagSpec, FlagValues, NotYetFlags } from "./spec.ts";

export interface ParseRules {
  /** Flags may stand between and after the positional words; false for `run`, whose words belong to the command. */
  readonly interspersed: boolean;
  readonly notYet?: NotYetFlags;
}

export type ParsedFlags<S extends FlagSet> =
  | { readonly kind: "help" }
  | {
      readonly kind: "values";
      readonly values: FlagValues<S>;
      readonly positionals: readonly string[];
      /** The flags that stood on the command line, by long name. */
      readonly given: ReadonlySet<string>;
    };

/** A wrong flag; the message is pflag's. Of unknown ones `notYet` tells apart what Docker has from what nobody has. */
export class FlagError extends BerthError {
  readonly notYet: boolean;
  readonly unknown: boolean;
  constructor(message: string, options: { notYet?: boolean; unknown?: boolean; cause?: unknown } = {}) {
    super("usage", message, { cause: options.cause });
    this.notYet = options.notYet ?? false;
    this.unknown = options.unknown ?? false;
  }
}

type Value = boolean | number | string | string[] | undefined;

interface Named {
  readonly name: string;
  readonly spec: FlagSpec;
}

const help: Named = { name: "help", spec: { kind: "boolean", description: "Print usage" } };

/**
 * Parses the words after a command's name as pflag does: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * `-n=value`, `-it`; a boolean takes a value only after `=`; `--` ends the flags. The last value of a text wins, a list
 * collects. Throws FlagError.
 */
export function parseFlags<const S extends FlagSet>(
  specs: S,
  words: readonly string[],
  rules: ParseRules,
): ParsedFlags<S> {
  const values = defaults(specs);
  const positionals: string[] = [];
  const given = new Set<string>();
  let at = 0;

  const refuse = (long: string | undefined, short: string | undefined, text: string): never => {
    const notYet = (rules.notYet ?? "").trim().split(/\s+/);
    for (const [name, letter] of notYet.map((item) => item.split(":"))) {
      if (name !== long && (letter === undefined || letter !== short)) continue;
      const shown = letter === undefined ? `--${name}` : `--${name} (-${letter})`;
      throw new FlagError(`${shown} is not supported yet`, { notYet: true });
    }
    throw new FlagError(text, { unknown: true });
  };
  const set = ({ name, spec }: Named, raw: string) => {
    try {
      values[name] = convert(spec, raw, values[name]);
    } catch (error) {
      const shown = spec.short === undefined ? `--${name}` : `-${spec.short}, --${name}`;
      throw new FlagError(
        `invalid argument ${JSON.stringify(raw)} for "${shown}" flag: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
    given.add(name);
  };
  const long = (word: string) => {
    const equals = word.indexOf("=");
    const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
    if (name === "" || name.startsWith("-")) throw new FlagError(`bad flag syntax: ${word}`);
    const found = byLongName(specs, name) ?? refuse(name, undefined, `unknown flag: --${name}`);
    if (equals !== -1) set(found, word.slice(equals + 1));
    else if (found.spec.kind === "boolean") set(found, "true");
    else if (at < words.length) set(found, words[at++]!);
    else throw new FlagError(`flag needs an argument: --${name}`);
  };
  const short = (word: string) => {
    for (let rest = word.slice(1); rest !== ""; ) {
      const letter = [...rest][0]!;
      const found =
        byLetter(specs, letter) ??
        refuse(undefined, letter, `unknown shorthand flag: '${letter}' in -${rest}`);
      const after = rest.slice(letter.length);
      if (after.startsWith("=") && after.length > 1) return set(found, after.slice(1));
      if (found.spec.kind === "boolean") {
        set(found, "true");
        rest = after;
        continue;
      }
      if (after !== "") return set(found, after);
      if (at >= words.length) throw new FlagError(`flag needs an argument: '${letter}' in -${rest}`);
      return set(found, words[at++]!);
    }
  };

  while (at < words.length) {
    const word = words[at++]!;
    if (word === "--") {
      positionals.push(...words.slice(at));
      break;
    }
    if (word === "-" || !word.startsWith("-")) {
      positionals.push(word);
      if (rules.interspersed) continue;
      positionals.push(...words.slice(at));
      break;
    }
    if (word.startsWith("--")) long(word);
    else short(word);
    if (values.help === true && !Object.hasOwn(specs, "help")) return { kind: "help" };
  }

  // The table decides each value's type by its flag's kind, which is what FlagValues says.
  return { kind: "values", values: values as FlagValues<S>, positionals, given };
}

/** `run` has 50 flags, of which a call names a few: they are looked for one by one, and no index of all is made. */
function byLongName(specs: FlagSet, name: string): Named | undefined {
  if (Object.hasOwn(specs, name)) return { name, spec: specs[name]! };
  if (name === help.name) return help;
  for (const known in specs)
    if (specs[known]!.hiddenNames?.includes(name)) return { name: known, spec: specs[known]! };
  return undefined;
}

function byLetter(specs: FlagSet, letter: string): Named | undefined {
  for (const name in specs) if (specs[name]!.short === letter) return { name, spec: specs[name]! };
  return letter === "h" ? help : undefined;
}

/** What the flags are that do not stand on the command line. A copy has the table's shape, which costs much to make anew. */
function defaults(specs: FlagSet): Record<string, Value> {
  const values: Record<string, Value | FlagSpec> = { ...specs };
  for (const name in specs) {
    const spec = specs[name]!;
    values[name] =
      spec.kind === "list" ? [] : spec.kind === "boolean" ? (spec.default ?? false) : spec.default;
  }
  return values as Record<string, Value>;
}

function convert(spec: FlagSpec, raw: string, previous: Value): Value {
  switch (spec.kind) {
    case "boolean":
      return parseBoolean(raw);
    case "integer":
      return parseInteger(raw);
    case "text":
      spec.check?.(raw);
      return raw;
    case "list":
      spec.check?.(raw);
      return [...(Array.isArray(previous) ? previous : []), raw];
  }
}
