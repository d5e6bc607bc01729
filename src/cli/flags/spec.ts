/**
 * Flags as data: one table per command gives the parser, the help text and the completion, and types the values.
 * Behaviour and texts follow pflag, which Docker's command line uses.
 */

interface FlagCommon {
  /** One letter, without the dash. */
  readonly short?: string;
  /** Other long names, not shown in the help (`--net` for `--network`). */
  readonly hiddenNames?: readonly string[];
  readonly description: string;
  /** What completion offers as value. */
  readonly completes?: CompletionKind;
}

/** What a word can be; `object` is whatever `inspect` knows. */
export type CompletionKind =
  | "file"
  | "image"
  | "container"
  | "running container"
  | "stopped container"
  | "paused container"
  | "volume"
  | "network"
  | "network mode"
  | "object"
  | "signal"
  | readonly string[];

/** Refuses a value by throwing; the message becomes the reason in `invalid argument "x" for "--flag" flag: <reason>`. */
export type ValueCheck = (value: string) => void;

export interface BooleanFlag extends FlagCommon {
  readonly kind: "boolean";
  readonly default?: boolean;
}

export interface TextFlag extends FlagCommon {
  readonly kind: "text";
  /** The word after the flag in the help: `string`, `bytes`, `network`. */
  readonly type: string;
  readonly default?: string;
  readonly check?: ValueCheck;
}

export interface ListFlag extends FlagCommon {
  readonly kind: "list";
  readonly type: string;
  readonly check?: ValueCheck;
}

export interface IntegerFlag extends FlagCommon {
  readonly kind: "integer";
  readonly default?: number;
}

export type FlagSpec = BooleanFlag | TextFlag | ListFlag | IntegerFlag;
export type FlagSet = Readonly<Record<string, FlagSpec>>;

/** The value of one flag; a text or integer that was not given and has no default is undefined. */
export type FlagValue<F extends FlagSpec> = F extends BooleanFlag
  ? boolean
  : F extends ListFlag
    ? readonly string[]
    : F extends IntegerFlag
      ? number | undefined
      : string | undefined;

export type FlagValues<S extends FlagSet> = { readonly [K in keyof S]: FlagValue<S[K]> };

/**
 * Docker's flags that berth does not have yet, in one string: names separated by white space, a short name after a colon
 * (`detach:d publish:p`). They are refused by name, so that nobody takes them for typing errors.
 */
export type NotYetFlags = string;

type Optional<F extends FlagSpec> = Partial<Omit<F, "kind" | "description">>;

export const flag = {
  boolean: (description: string, options: Optional<BooleanFlag> = {}): BooleanFlag => ({
    kind: "boolean",
    description,
    ...options,
  }),
  text: (description: string, options: Optional<TextFlag> = {}): TextFlag => ({
    kind: "text",
    type: "string",
    description,
    ...options,
  }),
  list: (description: string, options: Optional<ListFlag> = {}): ListFlag => ({
    kind: "list",
    type: "list",
    description,
    ...options,
  }),
  integer: (description: string, options: Optional<IntegerFlag> = {}): IntegerFlag => ({
    kind: "integer",
    description,
    ...options,
  }),
};
