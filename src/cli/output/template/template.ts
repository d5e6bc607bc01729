/** Go templates for `--format`: `parseTemplate(text).execute(value)`. */
import { execute } from "./execute.ts";
import { type FunctionTable, functions } from "./functions.ts";
import { parse } from "./parser.ts";

export interface TemplateOptions {
  /** What a field does that a plain object has not: `<no value>` (the default) or an error. */
  readonly missing?: "error" | "novalue";
  /** Other functions than the usual ones; the names are the same. */
  readonly functions?: FunctionTable;
}

export interface Template {
  /**
   * The text for one value: plain JSON data, or `GoStruct`, `GoMap` … of `values.ts` where Go's types matter.
   * Throws a template error, see `isTemplateError`.
   */
  execute(value: unknown, options?: TemplateOptions): string;
}

/** Parses a template; throws a template error with Go's text (`template parsing error: template: :1: …`). */
export function parseTemplate(text: string): Template {
  const parsed = parse(text);
  return {
    execute: (value, options = {}) =>
      execute(parsed, value, {
        missing: options.missing ?? "novalue",
        functions: options.functions ?? functions,
      }),
  };
}
