import { DockerfileError } from "../dockerfile-error.ts";
import { didYouMean } from "../suggest.ts";

/** A flag of an instruction: `true`/`false` (or nothing) as value, one value, or any number of values. */
export type FlagKind = "boolean" | "text" | "list";

type ValueOf<K extends FlagKind> = K extends "boolean"
  ? boolean | undefined
  : K extends "list"
    ? readonly string[]
    : string;

export type FlagValues<S extends Readonly<Record<string, FlagKind>>> = {
  readonly [N in keyof S]: ValueOf<S[N]>;
};

/** Reads the flags of an instruction, in BuildKit's words when they are wrong. A text that is not given is empty. */
export function readFlags<const S extends Readonly<Record<string, FlagKind>>>(
  given: readonly string[],
  spec: S,
): FlagValues<S> {
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(spec).map(([name, kind]) => [
      name,
      kind === "list" ? [] : kind === "text" ? "" : undefined,
    ]),
  );
  const seen = new Set<string>();
  for (const word of given) {
    const at = word.indexOf("=");
    const flag = at === -1 ? word : word.slice(0, at);
    const value = at === -1 ? undefined : word.slice(at + 1);
    const name = flag.slice(2);
    const kind = Object.hasOwn(spec, name) ? spec[name] : undefined;
    if (kind === undefined)
      throw new DockerfileError(`unknown flag: ${flag}${didYouMean(name, Object.keys(spec))}`);
    if (seen.has(name) && kind !== "list") throw new DockerfileError(`duplicate flag specified: ${flag}`);
    seen.add(name);
    if (kind === "boolean") values[name] = readBoolean(flag, value);
    else if (value === undefined) throw new DockerfileError(`missing a value on flag: ${flag}`);
    else if (kind === "list") (values[name] as string[]).push(value);
    else values[name] = value;
  }
  return values as FlagValues<S>;
}

function readBoolean(flag: string, value: string | undefined): boolean {
  if (value === "") throw new DockerfileError(`missing a value on flag: ${flag}`);
  const lower = (value ?? "true").toLowerCase();
  if (lower !== "true" && lower !== "false")
    throw new DockerfileError(`expecting boolean value for flag ${flag}, not: ${value}`);
  return lower === "true";
}
